// New boxes for the diagram: from causes and events, several at once, or in own words.
import { button, dialog, labelled, tell, teller } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { chartRows, whenText } from "./review-names.js";
import { WORDS_MAX, oneLine } from "./review-diagram-panel.js";
import { freshKey } from "./review-state.js";
import { announce, make, number, t } from "./text.js";

const KEY_MAX = 40;

/** The same thing has the same key for everybody, so that two people who add it at the same time add one box. */
function keyFor(of) {
  const [kind, key] = of.split("/");
  const own = `${kind === "cause" ? "c" : "e"}-${key}`;
  return own.length <= KEY_MAX ? own : freshKey();
}

/** Adds a box for something, or one of own words; one that was removed comes back, with its arrows. */
async function put(state, key, body) {
  try {
    await state.put("node", key, body, state.item("node", key).version);
  } catch (problem) {
    const current = problem.code === "changed_meanwhile" && problem.told?.current;
    if (!current) throw problem;
    // Somebody else was quicker with the same.
    if (current.body !== null) state.apply({ kind: "node", key, ...current }, true);
    else await state.put("node", key, body, current.version);
  }
}

/** Opens the question what to add. `added(keys)` hears what was. */
export function addBoxes(state, table, added) {
  const there = new Set(state.all("node").map((it) => it.body.of).filter(Boolean));
  const told = teller("add-told");
  const search = Object.assign(make("input"), { type: "search", id: "add-search", autocomplete: "off" });
  const words = Object.assign(make("input"), { id: "add-words", maxLength: WORDS_MAX, autocomplete: "off" });
  const boxes = [];

  function line(of, name, about) {
    const input = Object.assign(make("input"), { type: "checkbox", value: of });
    const isThere = there.has(of);
    if (isThere) Object.assign(input, { checked: true, disabled: true });
    else boxes.push(input);
    const label = make("label", `check${isThere ? " is-there" : ""}`, input, make("span", "check-text", make("span", "", name), make("span", "small", isThere ? t("box_is_there") : about)));
    input.addEventListener("change", count);
    const row = make("li", "", label);
    row.dataset.of = of;
    row.sought = name.normalize("NFKC").toLowerCase();
    return row;
  }

  const rows = chartRows(state.chart).filter((it) => it.level === "cause");
  const isKept = ({ key }) => table.voices(key) > 0 || Boolean(state.body("lift", key)?.is_lifted);
  const causeLine = (it) => line(`cause/${it.key}`, it.name, [table.voices(it.key) ? t("voices_n", { n: number(table.voices(it.key)) }) : t("not_chosen"), state.body("lift", it.key)?.is_lifted ? t("lifted_short") : ""].filter(Boolean).join(" · "));
  const events = state.all("event").sort((a, b) => a.body.rank - b.body.rank);
  const eventLine = ({ key, body }) => line(`event/${key}`, body.statement.text.replace(/\s+/g, " "), whenText(body.when));
  const part = (title, lines, isFolded) => {
    if (!lines.length) return null;
    const list = make("ul", "add-list", ...lines);
    // It scrolls, also where nothing in it can be chosen any more.
    list.tabIndex = 0;
    list.setAttribute("aria-label", title);
    if (!isFolded) return make("section", "add-part", make("h3", "", title), list);
    const summary = make("summary", "", title);
    return make("details", "add-part quiet", summary, list);
  };
  const chosen = rows.filter(isKept).sort((a, b) => table.voices(b.key) - table.voices(a.key));
  const parts = [part(t("add_causes"), chosen.map(causeLine)), part(t("events_title"), events.map(eventLine)), part(t("add_other_causes"), rows.filter((it) => !isKept(it)).map(causeLine), true)].filter(Boolean);
  const picked = () => boxes.filter((it) => it.checked);
  const add = button(t("add"), "primary", send, "add-send");

  function count() {
    const n = picked().length + (oneLine(words.value) ? 1 : 0);
    add.textContent = n ? t("add_n", { n: number(n) }) : t("add");
  }

  search.addEventListener("input", () => {
    const sought = search.value.normalize("NFKC").toLowerCase().trim();
    for (const it of parts) {
      for (const row of it.querySelectorAll("[data-of]")) row.hidden = !row.sought.includes(sought);
      it.hidden = ![...it.querySelectorAll("[data-of]")].some((row) => !row.hidden);
      if (sought && it.localName === "details") it.open = true;
    }
  });
  words.addEventListener("input", count);

  async function send() {
    const own = oneLine(words.value);
    const wanted = [...picked().map((it) => ({ key: keyFor(it.value), body: { of: it.value, text: "", at: null }, input: it })), ...(own ? [{ key: freshKey(), body: { of: "", text: own, at: null } }] : [])];
    if (!wanted.length) return tell(told, t("add_nothing"), "bad");
    add.disabled = true;
    tell(told, t("saving"));
    const done = [];
    try {
      for (const { key, body, input } of wanted) {
        await put(state, key, body);
        done.push(key);
        if (input) Object.assign(input, { disabled: true });
        else words.value = "";
      }
      announce(t("added_n", { n: number(done.length) }));
      element.close();
    } catch (problem) {
      add.disabled = false;
      for (const it of boxes) if (it.disabled) it.checked = false;
      tell(told, saidWriting(problem), "bad");
    }
    if (done.length) added(done);
    return undefined;
  }

  const foot = make("div", "dialog-foot add-foot", told, add, button(t("cancel"), "secondary", () => element.close()));
  const { element } = dialog({
    id: "add-boxes", kind: "wide", title: t("boxes_add"), close: "",
    holds: [make("p", "small", t("boxes_add_how")), labelled(t("box_search"), search), make("div", "add-parts", ...parts), labelled(t("box_words"), words, t("box_words_hint")), foot],
  });
}
