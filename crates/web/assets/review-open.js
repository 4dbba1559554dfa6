// What stays open: questions that the group could not answer, each about a cause or about the whole, until it is settled.
import { $, empty, tell, teller } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { itemBox } from "./review-item.js";
import { causesByKey } from "./review-names.js";
import { adder, plain } from "./review-plain.js";
import { announce, make, t } from "./text.js";

export function openPlace(state) {
  const place = $("arrange-open");
  const causes = causesByKey(state.chart);
  const about = Object.entries(causes).map(([key, it]) => [key, it.name]);
  const how = plain({ about: "", is_settled: false }, t("open_text"), about);
  const aboutLine = (key) => make("p", "small", t("named", { what: t("about"), name: causes[key]?.name ?? key }));
  const shown = { ...how, view: (body) => make("div", "", how.view(body), body.about ? aboutLine(body.about) : null) };
  const list = make("ul", "opens plain");
  const nothing = empty(state.mayWrite ? t("open_empty") : t("open_none"));
  const told = teller();
  const rows = new Map();

  function row(key) {
    const input = make("input");
    Object.assign(input, { type: "checkbox" });
    input.dataset.act = "settle";
    const label = make("label", "settle for-writers", input, make("span", "", t("settled")));
    input.addEventListener("change", async () => {
      try {
        await state.patch("open", key, { is_settled: input.checked });
        announce(input.checked ? t("settled_said") : t("unsettled_said"));
      } catch (problem) {
        tell(told, saidWriting(problem), "bad");
      }
      draw();
    });
    const said = make("p", "small for-readers");
    const element = make("li", "open-row", itemBox(state, { kind: "open", key, label: t("open_one"), how: shown }), ...(state.mayWrite ? [label] : []), said);
    return { element, input, said };
  }

  function draw() {
    const all = state.all("open").sort((a, b) => Number(a.body.is_settled) - Number(b.body.is_settled));
    for (const [key, it] of rows) if (!all.some((one) => one.key === key)) { it.element.remove(); rows.delete(key); }
    for (const { key, body } of all) {
      if (!rows.has(key)) {
        rows.set(key, row(key));
        list.append(rows.get(key).element);
      }
      const { element, input, said } = rows.get(key);
      input.checked = body.is_settled;
      said.textContent = body.is_settled ? t("settled") : t("unsettled");
      element.classList.toggle("is-settled", body.is_settled);
    }
    nothing.hidden = all.length > 0;
  }

  place.replaceChildren(make("h3", "", t("open_title")), make("p", "small", t("open_how")), told, nothing, list);
  if (state.mayWrite) place.append(adder(state, { name: "open", text: t("open_add"), how, kind: "open", id: "open-add", saveId: "open-save" }));
  state.on("open/*", draw);
  draw();
}
