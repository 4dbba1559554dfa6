// The fourth step: causes and events on the relation diagram, what drives and what results, and which of them the group takes for true.
//
// What a test can hold on to: `#diagram-add` opens `#add-boxes` (`[data-of]` with a checkbox, `#add-words`, `#add-send`). The drawing:
// `svg.diagram` with `g[data-box]` (`data-part`, `data-basis`, `data-standing` is true, not, proposed or none; `.chosen`, `.lit`) from left
// to right and `g[data-arrow]` (classes: standing and basis; `.lit`); `.handle-spot` in a box to pull an arrow from; `#diagram-in`,
// `#diagram-out`, `#diagram-fit`, `#move-done`. `#diagram-view` chooses the drawing or the table, `tr[data-box]`, `[data-sort]`. The chosen
// box: `#box-panel[data-box]` with `[data-act=arrow-to|arrow-from|move|lay|edit|remove|decide]`, `[data-arrow] [data-act=arrow]`,
// `#box-close`, `#box-remove-yes`. Dialogs: `#arrow-to` (`#arrow-search`, `[data-to]`), `#arrow[data-arrow]` (`#arrow-save`,
// `#arrow-remove`), `#decide[data-box]` (`#decide-is`, `#decide-why`, `#decide-save`, `#decide-back`), `#box-edit` (`#box-save`). Open ends:
// `#diagram-issues [data-pair] [data-act=this-way|that-way|keep-both]`, `[data-cycle]`. Decisions: `#decisions [data-decided]`.
import { $, button, choice, confirmed, empty, tell, teller } from "./board-parts.js";
import { saidReading, saidWriting } from "./board-api.js";
import { addBoxes } from "./review-diagram-add.js";
import { connect, openArrow } from "./review-diagram-arrow.js";
import { Diagram } from "./review-diagram-data.js";
import { decisionView } from "./review-diagram-decide.js";
import { issuesOf } from "./review-diagram-issues.js";
import { legend } from "./review-diagram-legend.js";
import { listOf } from "./review-diagram-list.js";
import { panelOf } from "./review-diagram-panel.js";
import { stageOf } from "./review-diagram-stage.js";
import { causesByKey } from "./review-names.js";
import { announce, make, number, t } from "./text.js";

/** Below this width the table is what one sees first. */
const PHONE = "(max-width: 40rem)";

export function diagramPlace(state, table) {
  const place = $("diagram-place");
  const diagram = new Diagram(state);
  const causes = causesByKey(state.chart);
  const told = teller("diagram-told");
  const unread = teller();
  const count = make("p", "small diagram-count");
  const nothing = empty(state.mayWrite ? t("diagram_empty") : t("diagram_none"));
  const decisions = make("section", "stack");
  decisions.id = "decisions";
  let chosen = null;
  let isOpen = false;

  const name = (key) => diagram.label(key);
  const openOne = (key) => openArrow(state, name, key);
  const draw2 = (from, to) => connect(state, name, from, to, told);

  const stage = stageOf(diagram, {
    chosen: (key, isByKey) => choose(key, { isByKey }),
    connected: draw2,
    connectedToItself() {
      tell(told, t("arrow_itself"));
      announce(t("arrow_itself"));
    },
    arrow: openOne,
    dropped: drop,
    mayWrite: () => state.mayWriteNow,
  });
  const list = listOf(diagram, (key) => choose(key, { isByKey: true }));
  const panel = panelOf(state, diagram, causes, {
    goTo: (key) => choose(key, { isByKey: true, isThere: true }),
    arrow: openOne,
    connect: draw2,
    move(key) {
      view.value = "drawing";
      show("drawing");
      stage.element.scrollIntoView({ block: "nearest" });
      stage.beginMoving(key);
    },
    close: leave,
    said: (text) => tell(told, text, "good"),
  });
  const issues = issuesOf(state, diagram, { light, arrow: openOne });

  async function drop(key) {
    try {
      await diagram.drop(key);
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }

  /** Chooses a box, or none; `isByKey`: its panel is gone to. */
  function choose(key, { isByKey = false, isThere = false } = {}) {
    chosen = diagram.boxes.has(key) ? key : null;
    place.classList.toggle("has-chosen", Boolean(chosen));
    const lit = chosen ? { chosen, ...diagram.behind(chosen) } : null;
    stage.light(chosen, lit);
    if (isThere && chosen) stage.reveal(chosen);
    list.choose(chosen);
    panel.show(chosen);
    if (isOpen) history.replaceState(null, "", chosen ? `#diagram/box/${chosen}` : "#diagram");
    if (isByKey && chosen) panel.focus();
  }

  /** Closes the panel and goes back to where the box was chosen. */
  function leave() {
    const key = chosen;
    choose(null);
    if (view.value === "drawing") stage.goTo(key ?? diagram.boxes.keys().next().value, false);
    else list.focus(key);
  }

  /** Lights some boxes and what connects them. */
  function light(keys) {
    choose(null);
    view.value = "drawing";
    show("drawing");
    const boxes = new Set(keys);
    const arrows = new Set(diagram.arrows.filter((it) => boxes.has(it.from) && boxes.has(it.to)).map((it) => it.key));
    stage.light(null, { chosen: null, boxes, arrows });
    stage.reveal(keys[0]);
    stage.element.scrollIntoView({ block: "nearest" });
    stage.goTo(keys[0]);
  }

  function show(which) {
    both.dataset.view = which;
    stage.element.hidden = which !== "drawing";
    stage.hint.hidden = key.hidden = which !== "drawing";
    list.element.hidden = which === "drawing";
    if (which === "drawing") stage.draw();
  }

  const view = choice(t("diagram_view"), [["drawing", t("view_drawing")], ["list", t("view_list")]], matchMedia(PHONE).matches ? "list" : "drawing", show, true);
  view.id = "diagram-view";
  const add = state.mayWrite ? button(t("boxes_add"), "primary for-writers", () => addBoxes(state, table, () => undefined), "diagram-add") : null;
  const lay = state.mayWrite ? button(t("lay_all"), "text for-writers", layAll, "diagram-lay") : null;
  const key = legend();
  const both = make("div", "diagram-both", make("div", "diagram-main", stage.element, stage.hint, list.element), panel.element, key);

  async function layAll() {
    if (!await confirmed({ id: "lay-all", title: t("lay_all_title"), texts: [t("lay_all_text")], yes: t("lay_all"), yesId: "lay-all-yes" })) return;
    try {
      for (const it of state.all("node")) if (it.body.at) await state.patch("node", it.key, { at: null });
      tell(told, t("laid_all"), "good");
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }

  function drawDecisions() {
    const all = [...diagram.boxes.values()].filter((it) => it.isTrue !== null || it.isProposed);
    // What waits for the group first.
    const rank = (it) => (it.isTrue === null ? 0 : it.isTrue ? 1 : 2);
    all.sort((a, b) => rank(a) - rank(b) || b.effect - a.effect || a.label.localeCompare(b.label));
    const at = decisions.contains(document.activeElement) ? document.activeElement : null;
    const [held, act] = [at?.closest("[data-decided]")?.dataset.decided, at?.dataset.act];
    const rows = all.map((it) => {
      const to = button(it.label, "text to-box", () => choose(it.key, { isByKey: true, isThere: true }));
      const row = make("li", "decision-row", make("h4", "", to), decisionView(state, diagram, it.key, 5));
      row.dataset.decided = it.key;
      return row;
    });
    decisions.replaceChildren(make("h3", "", t("decisions")), make("p", "small", t("decisions_how")), rows.length ? make("ul", "decision-list", ...rows) : make("p", "small", t("decisions_none")));
    decisions.hidden = !diagram.boxes.size;
    if (held) decisions.querySelector(`[data-decided="${CSS.escape(held)}"] [data-act="${act}"]`)?.focus({ preventScroll: true });
  }

  function draw() {
    tell(unread, "");
    if (chosen && !diagram.boxes.has(chosen)) choose(null);
    const has = diagram.boxes.size > 0;
    nothing.hidden = has;
    both.hidden = !has;
    view.hidden = !has;
    const left = diagram.leftOut ? ` ${t("left_out", { n: number(diagram.leftOut) })}` : "";
    count.textContent = has ? t("diagram_count", { n: number(diagram.boxes.size), arrows: number(diagram.arrows.length) }) + left : "";
    if (lay) lay.hidden = ![...diagram.boxes.values()].some((it) => it.isMoved);
    stage.draw();
    if (chosen) stage.light(chosen, { chosen, ...diagram.behind(chosen) });
    list.draw();
    panel.show(chosen, false);
    issues.draw();
    drawDecisions();
  }

  state.on("diagram", () => { if (isOpen) draw(); });
  state.on("progress/*", () => { if (isOpen && diagram.isRead) draw(); });
  state.on("diagram-problem", (problem) => { tell(unread, saidReading(problem), "bad"); });
  place.append(make("div", "row between diagram-head", make("div", "row", add, view, lay), count), unread, told, nothing, both, issues.element, decisions);
  nothing.hidden = true;
  both.hidden = true;
  view.hidden = true;
  if (lay) lay.hidden = true;
  issues.element.hidden = true;
  decisions.hidden = true;
  show(view.value);

  return {
    /** Shows the place, or leaves it; with a box that is to be chosen. */
    async show(is, [part, box] = []) {
      isOpen = is;
      // A page with the drawing on it lies on its side.
      $("landscape").media = is ? "print" : "not all";
      if (is && diagram.isRead) draw();
      await diagram.show(is);
      if (!is || !isOpen) return;
      if (part === "box" && box !== chosen) choose(box, { isByKey: true, isThere: true });
    },
  };
}
