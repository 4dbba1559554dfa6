// The third step: each cause on the table, why it was chosen and, with the same weight, why not; and what the group keeps in sight.
import { $, link, tell } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { itemBox, statements } from "./review-item.js";
import { SPOKEN, chartRows } from "./review-names.js";
import { commentsPlace } from "./review-plain.js";
import { FEW, filterChoice, filteredRows, reasonsList } from "./review-table.js";
import { announce, make, number, t, word } from "./text.js";

/** The causes of the third step: a list of all, and one of them in full. */
export function arrangePlace(state, table) {
  const rows = chartRows(state.chart);
  const causes = rows.filter((it) => it.level === "cause");
  const list = make("ul", "arrange-list plain");
  const listed = make("nav", "arrange-side", filterChoice("all", (to) => { filter = to; drawList(); }), list);
  listed.setAttribute("aria-label", t("causes"));
  const detail = make("div", "arrange-detail");
  const place = $("arrange-causes");
  const panels = new Map();
  let filter = "all";
  let chosen = null;
  place.replaceChildren(listed, detail);

  function drawList() {
    const at = list.contains(document.activeElement) ? document.activeElement.dataset.cause : null;
    const shown = filteredRows(rows, (key) => table.isOf(filter, key) || key === chosen);
    list.replaceChildren(...shown.map((row) => (row.level === "cause" ? line(row) : make("li", `head-line ${row.level}`, row.name))));
    if (!shown.length) list.append(make("li", "small", t("filter_nothing")));
    if (at) list.querySelector(`[data-cause="${CSS.escape(at)}"]`)?.focus({ preventScroll: true });
  }

  function line(row) {
    const n = table.voices(row.key);
    const spoken = SPOKEN.filter((kind) => state.has(kind, row.key)).map((kind) => make("span", `said said-${kind}`, word("short", kind)));
    const lifted = state.body("lift", row.key)?.is_lifted ? make("span", "said lifted", t("lifted_short")) : null;
    const badge = make("span", `voices${n > 0 && n <= FEW ? " few" : ""}${n ? "" : " none"}`, number(n));
    badge.setAttribute("aria-label", t("voices_n", { n: number(n) }));
    badge.setAttribute("role", "img");
    const to = link("", `#arrange/cause/${row.key}`, "cause-line");
    to.dataset.cause = row.key;
    to.append(make("span", "name", row.name), make("span", "saids", ...spoken, lifted), badge);
    if (row.key === chosen) to.setAttribute("aria-current", "true");
    return make("li", "", to);
  }

  function show(key) {
    const cause = causes.find((it) => it.key === key);
    chosen = cause ? key : null;
    place.classList.toggle("has-chosen", Boolean(cause));
    for (const [other, panel] of panels) panel.element.hidden = other !== chosen;
    if (cause && !panels.has(key)) {
      panels.set(key, causePanel(state, table, cause, causes));
      detail.append(panels.get(key).element);
    }
    none.hidden = Boolean(cause);
    drawList();
    return panels.get(chosen)?.heading;
  }

  const none = make("div", "empty-place wide-only", make("p", "", t("arrange_choose")));
  detail.append(none);
  for (const name of ["counts", "lift/*", ...SPOKEN.map((kind) => `${kind}/*`)]) state.on(name, drawList);
  return { show };
}

function causePanel(state, table, cause, causes) {
  const heading = make("h3", "", cause.name);
  heading.tabIndex = -1;
  const count = make("p", "voices-line");
  const reasons = make("div", "");
  const spoken = make("div", "spoken");
  const boxes = Object.fromEntries(SPOKEN.map((kind) => [kind, itemBox(state, {
    kind, key: cause.key, label: word("kind", kind), about: word("about", kind), how: statements(state, { rows: 3 }),
  })]));
  const at = causes.indexOf(cause);
  const beside = (by, text) => {
    const to = causes[(at + by + causes.length) % causes.length];
    const way = link(text, `#arrange/cause/${to.key}`, "button secondary");
    way.setAttribute("aria-label", t("named", { what: text, name: to.name }));
    return way;
  };
  const nav = make("p", "row", link(t("arrange_all"), "#arrange", "button secondary narrow-only"), beside(-1, t("cause_before")), beside(1, t("cause_after")));
  const where = make("p", "small", [cause.region, cause.group].filter(Boolean).join(" › "));
  const comments = commentsPlace(state, `discussion/${cause.key}`);
  const element = make("article", "cause-panel stack", heading, where, count, lift(state, cause), reasons, spoken, comments, nav);
  element.dataset.cause = cause.key;

  function draw() {
    const n = table.voices(cause.key);
    count.textContent = n ? t("voices_n", { n: number(n) }) : state.collected ? t("reasons_none") : t("not_collected");
    reasons.replaceChildren(...(n ? [make("h4", "", t("reasons")), reasonsList(state, table, cause.key)] : []));
    // What was not chosen is asked first why not; all three are there in either case.
    const order = n ? ["why", "why_not", "discussion"] : ["why_not", "why", "discussion"];
    // What stands right already is not touched: a button that is taken out and put back under a finger is not pressed.
    const stands = order.every((kind, at) => spoken.children[at] === boxes[kind]);
    if (!stands && !spoken.contains(document.activeElement)) spoken.replaceChildren(...order.map((kind) => boxes[kind]));
  }

  state.on("counts", draw);
  draw();
  return { element, heading };
}

/** Keeps a cause on the table that few chose, or none. */
function lift(state, cause) {
  const told = make("p", "told");
  told.setAttribute("role", "status");
  const is = () => Boolean(state.body("lift", cause.key)?.is_lifted);
  const said = make("p", "for-readers");
  const read = () => { said.textContent = is() ? t("lifted") : ""; };
  state.on(`lift/${cause.key}`, read);
  read();
  if (!state.mayWrite) return said;
  const input = make("input");
  Object.assign(input, { type: "checkbox" });
  input.setAttribute("role", "switch");
  input.dataset.act = "lift";
  const draw = () => { input.checked = is(); };
  input.addEventListener("change", async () => {
    const wanted = input.checked;
    try {
      await state.patch("lift", cause.key, { is_lifted: wanted }, { is_lifted: wanted });
      announce(wanted ? t("lifted") : t("unlifted"));
      tell(told, "");
    } catch (problem) {
      draw();
      tell(told, saidWriting(problem), "bad");
    }
  });
  state.on(`lift/${cause.key}`, draw);
  draw();
  return make("div", "lift", make("label", "switch for-writers", input, make("span", "", t("lift"))), said, told);
}
