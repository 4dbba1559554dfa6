// One box in full beside the diagram: what it is, what leads to it, what follows from it, and what can be done with it.
import { button, clean, confirmed, dialog, labelled, link, tell, teller } from "./board-parts.js";
import { saidWriting, writing } from "./board-api.js";
import { arrowTo, hasDraft } from "./review-diagram-arrow.js";
import { decisionView } from "./review-diagram-decide.js";
import { signed } from "./review-diagram-draw.js";
import { showDiff } from "./review-diff.js";
import { editor } from "./review-editor.js";
import { whenText } from "./review-names.js";
import { basisBadge } from "./review-statement.js";
import { showVersions } from "./review-versions.js";
import { announce, make, number, t, word } from "./text.js";

export const WORDS_MAX = 200;
/** Own words stand in one line. */
export const oneLine = (text) => clean(text).replace(/\s+/g, " ");

/** How boxes are written and compared. Only those of own words are written. */
export function nodeHow(name) {
  const said = (body) => (!body ? "" : body.of ? name(body) : body.text);
  const moved = (before, after) => (JSON.stringify(before?.at ?? null) === JSON.stringify(after?.at ?? null) ? null : make("p", "small", after?.at ? t("box_moved") : t("box_laid")));
  return {
    makeForm(body) {
      const input = make("input");
      Object.assign(input, { value: body.text, maxLength: WORDS_MAX, autocomplete: "off" });
      return {
        element: labelled(t("box_words"), input, t("box_words_hint")),
        value: () => ({ ...body, text: oneLine(input.value) }),
        problem: () => (oneLine(input.value) ? "" : (input.focus(), t("text_missing"))),
        focus: () => input.focus(),
      };
    },
    difference: (before, after, side) => make("div", "", showDiff(said(before), said(after), side), side ? null : moved(before, after)),
    union: (theirs, yours) => yours,
    view: (body) => make("p", "", said(body)),
  };
}

/**
 * The panel. `acts`: `goTo(key)`, `arrow(key)`, `connect(from, to)`, `move(key)`, `close()`, `said(text)`. `show(key)` fills it.
 */
export function panelOf(state, diagram, causes, acts) {
  const element = make("section", "box-panel");
  element.id = "box-panel";
  const told = teller();
  let shown = null;
  let heading = null;

  function about(of) {
    const [kind, key] = of.split("/");
    if (kind === "cause") {
      const cause = causes[key];
      return make("p", "small", [t("cause"), cause?.region, cause?.group].filter(Boolean).join(" › "), " ", link(t("discussed_at"), `#arrange/cause/${key}`));
    }
    const event = key && state.body("event", key);
    if (event) return make("p", "small", t("named", { what: t("event"), name: whenText(event.when) }), " ", basisBadge(event.statement.basis), " ", link(t("discussed_at"), "#arrange/events"));
    return make("p", "small", key ? t("event_gone") : t("box_own"));
  }

  function arrows(title, all, end) {
    const rows = all.map((arrow) => {
      const to = button(diagram.label(arrow[end]), "text to-box", () => acts.goTo(arrow[end]));
      const doubts = { weaker: t("standing_weaker"), undecided: t("standing_undecided"), repeats: t("standing_repeats") };
      const why = state.body("arrow", arrow.key)?.statement.text;
      const facts = make("span", "small", `${t("named", { what: t("strength"), name: word("strength", String(arrow.strength)) })} · ${word("basis", arrow.basis)}`);
      const doubt = doubts[arrow.standing] ? make("span", "small doubt-word", doubts[arrow.standing]) : null;
      const wait = hasDraft(state, arrow.key) && state.mayWrite ? make("span", "small draft for-writers", t("draft_waits")) : null;
      const edit = button(state.mayWriteNow ? t("edit") : t("look"), "text", () => acts.arrow(arrow.key));
      edit.setAttribute("aria-label", `${edit.textContent}: ${t("arrow_from_to", { from: diagram.label(arrow.from), to: diagram.label(arrow.to) })}`);
      edit.dataset.act = "arrow";
      const row = make("li", `arrow-row ${arrow.basis} ${arrow.standing}`, make("div", "", to, facts, why ? make("span", "arrow-why", why) : null, doubt, wait), edit);
      row.dataset.arrow = arrow.key;
      return row;
    });
    return make("section", "", make("h4", "", title), rows.length ? make("ul", "plain arrow-rows", ...rows) : make("p", "small", t("none_here")));
  }

  const write = writing(told);

  async function remove(box) {
    const n = diagram.into(box.key).length + diagram.outOf(box.key).length;
    const texts = [t("box_remove_text", { n: number(n) })];
    if (!await confirmed({ id: "box-remove-sure", title: t("box_remove_title", { name: box.label }), texts, yes: t("box_remove"), yesId: "box-remove-yes" })) return;
    const text = t("box_removed", { name: box.label });
    try {
      await state.erase("node", box.key);
      acts.said(text);
      announce(text);
      acts.close();
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
  }

  function edit(box) {
    const base = state.item("node", box.key);
    const form = editor({
      name: `${state.id}:node/${box.key}`, base, how: nodeHow(() => box.label), saveId: "box-save",
      write: (body, version) => reword(box.key, body, version, base.body),
      done: () => opened.element.close(),
    });
    const opened = dialog({ id: "box-edit", title: t("box_edit"), holds: [form.element], close: "" });
    const stop = state.on(`node/${box.key}`, ({ version, body }) => { if (body?.text !== base.body.text) form.changed({ version, body }); });
    opened.closed.then(stop);
    form.focus();
  }

  /** A place that others moved a box to is kept by whoever changes its words. */
  async function reword(key, body, version, before) {
    try {
      await state.put("node", key, body, version);
    } catch (problem) {
      const current = problem.code === "changed_meanwhile" && problem.told?.current;
      if (current?.body?.text !== before.text) throw problem;
      await state.put("node", key, { ...current.body, text: body.text }, current.version);
    }
  }

  function show(key, isAnew = true) {
    const box = diagram.boxes.get(key);
    shown = box ? key : null;
    if (isAnew) tell(told, "");
    if (!box) {
      delete element.dataset.box;
      heading = null;
      element.hidden = true;
      element.replaceChildren();
      return;
    }
    // A button that has the focus stays under the hand.
    const had = element.contains(document.activeElement) ? document.activeElement : null;
    const hadAct = had?.dataset.act;
    const hadArrow = had?.closest("[data-arrow]")?.dataset.arrow;
    const wasHeading = had !== null && had === heading;
    element.dataset.box = key;
    element.hidden = false;
    heading = make("h3", "", box.label);
    heading.tabIndex = -1;
    const leave = button("×", "text panel-close", acts.close, "box-close");
    leave.setAttribute("aria-label", t("box_close"));
    const score = make("dl", "score", ...[[t("score_out"), number(box.out)], [t("score_in"), number(box.in)], [t("score_effect"), signed(box.effect)], [t("score_part"), word("stands", box.part)]].map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))));
    const act = (text, kind, run, name) => { const it = button(text, `${kind} for-writers`, run); it.dataset.act = name; return it; };
    const tools = !state.mayWrite ? null : make("div", "row box-tools for-writers",
      act(t("arrow_to"), "secondary", () => arrowTo(state, diagram, key, true, (to) => acts.connect(key, to)), "arrow-to"),
      act(t("arrow_from"), "secondary", () => arrowTo(state, diagram, key, false, (from) => acts.connect(from, key)), "arrow-from"),
      act(t("box_move"), "text", () => acts.move(key), "move"),
      box.isMoved ? act(t("box_lay"), "text", () => write(() => state.patch("node", key, { at: null }), t("box_laid")), "lay") : null,
      box.of ? null : act(t("box_edit"), "text", () => edit(box), "edit"),
      act(t("box_remove"), "text danger", () => remove(box), "remove"));
    const past = button(t("versions"), "text", () => showVersions(state, "node", key, box.label, { ...nodeHow(() => box.label), isRestorable: state.mayWriteNow }));
    element.replaceChildren(
      make("div", "panel-head", heading, leave), about(box.of), told, score, decisionView(state, diagram, key),
      arrows(t("leads_here"), diagram.into(key), "from"), arrows(t("follows"), diagram.outOf(key), "to"), ...(tools ? [tools] : []), make("div", "row", past));
    if (hadArrow) element.querySelector(`[data-arrow="${CSS.escape(hadArrow)}"] [data-act="${hadAct}"]`)?.focus({ preventScroll: true });
    else if (hadAct) element.querySelector(`[data-act="${hadAct}"]`)?.focus({ preventScroll: true });
    else if (wasHeading) heading.focus({ preventScroll: true });
  }

  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") acts.close();
  });
  return { element, show, get shown() { return shown; }, focus: () => heading?.focus() };
}
