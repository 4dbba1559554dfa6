// The diagram as a table: the same boxes, arrows and scores, for screen readers and for whoever prefers it. Sorted by any column.
import { button } from "./board-parts.js";
import { signed, standingOf } from "./review-diagram-draw.js";
import { make, number, t, word } from "./text.js";

const ORDER = { true: 0, proposed: 1, none: 2, not: 3 };
const PARTS = { driver: 0, between: 1, outcome: 2 };

/** `chosen(key)` hears which box is wanted. */
export function listOf(diagram, chosen) {
  const element = make("div", "table-box diagram-list");
  element.tabIndex = 0;
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", t("diagram_list"));
  let sort = { by: "effect", up: false };
  let current = null;

  const columns = [
    { key: "name", text: t("box"), value: (it) => it.label, first: "first" },
    { key: "out", text: t("score_out"), value: (it) => it.out, isNumber: true },
    { key: "in", text: t("score_in"), value: (it) => it.in, isNumber: true },
    { key: "effect", text: t("score_effect"), value: (it) => it.effect, isNumber: true },
    { key: "part", text: t("score_part"), value: (it) => PARTS[it.part] },
    { key: "decision", text: t("decision"), value: (it) => ORDER[standingOf(it).kind] },
  ];

  function head(column) {
    const is = sort.by === column.key;
    const act = button(column.text, "sort", () => {
      sort = { by: column.key, up: is ? !sort.up : !column.isNumber };
      draw();
      element.querySelector(`[data-sort="${column.key}"]`).focus({ preventScroll: true });
    });
    act.dataset.sort = column.key;
    const mark = make("span", "sort-sign", is ? (sort.up ? "▲" : "▼") : "");
    mark.setAttribute("aria-hidden", "true");
    act.append(mark);
    const th = make("th", column.first ?? "", act);
    th.scope = "col";
    th.setAttribute("aria-sort", is ? (sort.up ? "ascending" : "descending") : "none");
    return th;
  }

  function names(keys) {
    return [...new Set(keys)].map((key) => diagram.label(key)).join(t("list_comma"));
  }

  function line(box) {
    const name = button(box.label, "cause-name", () => chosen(box.key));
    const leads = names(diagram.into(box.key).map((it) => it.from));
    const follows = names(diagram.outOf(box.key).map((it) => it.to));
    const th = make("th", "first", name, leads ? make("span", "small ways", make("b", "", t("leads_here")), ` ${leads}`) : null, follows ? make("span", "small ways", make("b", "", t("follows")), ` ${follows}`) : null);
    th.scope = "row";
    const { kind, text } = standingOf(box);
    const mark = kind === "true" ? make("span", "seal-mark", "真") : null;
    mark?.setAttribute("aria-hidden", "true");
    const decision = make("td", `decision-cell ${kind}`, ...(kind === "none" ? ["–"] : [make("span", "", mark, text)]));
    const row = make("tr", "", th, make("td", "", number(box.out)), make("td", "", number(box.in)), make("td", "effect-cell", signed(box.effect)), make("td", "", word("stands", box.part)), decision);
    row.dataset.box = box.key;
    if (box.key === current) row.setAttribute("aria-current", "true");
    return row;
  }

  function draw() {
    const { value } = columns.find((it) => it.key === sort.by);
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, document.documentElement.lang) : a - b);
    const all = [...diagram.boxes.values()].sort((a, b) => (sort.up ? 1 : -1) * compare(value(a), value(b)) || compare(a.label, b.label));
    const at = element.contains(document.activeElement) ? document.activeElement : null;
    const [row, column] = [at?.closest("[data-box]")?.dataset.box, at?.dataset.sort];
    element.replaceChildren(make("table", "marks-table boxes-table", make("caption", "unseen", t("diagram_list")), make("thead", "", make("tr", "", ...columns.map(head))), make("tbody", "", ...all.map(line))));
    if (row) element.querySelector(`[data-box="${CSS.escape(row)}"] button`)?.focus({ preventScroll: true });
    if (column) element.querySelector(`[data-sort="${column}"]`)?.focus({ preventScroll: true });
  }

  return { element, draw, choose(key) { current = key; draw(); }, focus: (key) => element.querySelector(`[data-box="${CSS.escape(key)}"] button`)?.focus() };
}
