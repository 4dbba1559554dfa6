// Going round the mandala of a finished case on one's own, to compare with the group afterwards. Own marks stay in this browser, and the
// group's table is asked for only when the comparison is.
import { $, button, empty, longText, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { causesByKey } from "./review-names.js";
import { showReasons } from "./review-table.js";
import { announce, make, number, t, word } from "./text.js";

/** What may be read of the case without hearing the causes. */
const TOLD = ["date", "place", "site", "summary", "event", "course"];

export function practisePlace(state, table, chart, goTo) {
  const causes = causesByKey(state.chart);
  const name = `practise:${state.id}`;
  let marks = kept();
  let isCompared = false;
  const count = make("p", "count-line");
  count.id = "practise-count";
  count.setAttribute("role", "status");
  const told = teller();
  const result = make("div", "compared");
  const compare = button(t("compare"), "primary", show, "practise-compare");
  const again = button(t("practise_again"), "secondary", () => { marks = new Set(); isCompared = false; keep(); draw(); }, "practise-again");

  function kept() {
    try {
      return new Set(JSON.parse(localStorage.getItem(name) ?? "[]"));
    } catch {
      return new Set();
    }
  }
  function keep() {
    try {
      localStorage.setItem(name, JSON.stringify([...marks]));
    } catch {
      // A browser that keeps nothing still compares, until the page goes.
    }
  }

  function draw() {
    count.textContent = t("marked", { n: number(marks.size) });
    chart.show({ marked: [...marks], counts: isCompared ? table.counts : null });
    compare.hidden = isCompared;
    result.hidden = !isCompared;
  }

  function choose(key) {
    if (isCompared) return showReasons(state, table, causes[key], null, goTo, () => undefined);
    if (!marks.delete(key)) marks.add(key);
    keep();
    draw();
    return announce(count.textContent);
  }

  async function show() {
    compare.disabled = true;
    try {
      await table.read();
      isCompared = true;
      const all = Object.keys(causes);
      const part = (id, title, keys) => {
        const list = make("ul", "plain", ...keys.map((key) => make("li", "", make("span", "", causes[key].name), make("span", "small", t("voices_n", { n: number(table.voices(key)) })))));
        const section = make("section", "sheet", make("h3", "", t("named_count", { name: title, n: number(keys.length) })), keys.length ? list : make("p", "small", t("compare_none")));
        section.id = id;
        return section;
      };
      result.replaceChildren(
        part("compare-both", t("compare_both"), all.filter((key) => marks.has(key) && table.voices(key))),
        part("compare-you", t("compare_you"), all.filter((key) => marks.has(key) && !table.voices(key))),
        part("compare-group", t("compare_group"), all.filter((key) => !marks.has(key) && table.voices(key))));
      draw();
      tell(told, "");
      announce(t("compared"));
      result.scrollIntoView({ block: "nearest" });
    } catch (problem) {
      tell(told, saidReading(problem), "bad");
    }
    compare.disabled = false;
  }

  const texts = TOLD.filter((field) => state.has("case", field)).map((field) => make("section", "", make("h3", "", word("field", field)), longText(state.body("case", field).text)));
  $("practise-case").replaceChildren(...(texts.length ? texts : [empty(t("practise_no_case"))]));
  $("practise-tools").replaceChildren(count, compare, again, told);
  $("practise-result").replaceChildren(result);
  return { choose, draw };
}
