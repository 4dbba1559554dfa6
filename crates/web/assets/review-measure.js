// The fifth step: every true cause gets a measure, every measure a proof, and what was learned goes to the library.
//
// What a test can hold on to: `#measure-add` and `[data-cause] [data-act=add]` open `#measure-new` (`#measure-save`; `[data-field=role|due|
// remind|state|proof]`; `#library-search`, `.shelf-one [data-act=adopt]`, `#adopted`). `[data-cause]` is a true cause (`data-covered`),
// `[data-measure]` a measure (`data-state`, `data-late`) with `[data-item="measure/KEY"]`, `[data-act=state]`, `[data-act=result]`,
// `[data-act=share|unshare]`, `.result-place[data-passed]`. `#result` (dialog): `#result-is`, `#result-at`, `#result-text`, `#result-save`;
// `#share-yes`. `#measures-count`; on the step: `#step-5 .due-mark[data-count]`.
import { $, button, confirmed, dialog, empty, link, longText, select, tell, teller } from "./board-parts.js";
import { draft } from "./board-store.js";
import { saidWriting } from "./board-api.js";
import { editor } from "./review-editor.js";
import { itemBox } from "./review-item.js";
import { EMPTY, STATES, measureHow } from "./review-measure-form.js";
import { countDue, isLate, isToRemind } from "./review-measure-due.js";
import { libraryOf } from "./review-measure-library.js";
import { resultPlace } from "./review-measure-result.js";
import { boxName, causesByKey, firstOf } from "./review-names.js";
import { freshKey } from "./review-state.js";
import { announce, make, number, t, word } from "./text.js";

const RANK = { doing: 0, planned: 1, proposed: 2, done: 3, dropped: 4 };

export function measurePlace(state) {
  const place = $("prevent-place");
  const causes = causesByKey(state.chart);
  const how = measureHow(state, causes);
  const told = teller("measures-told");
  const count = make("p", "measures-count");
  count.id = "measures-count";
  const parts = make("div", "stack");
  const cards = new Map();
  let isOpen = false;
  let isOld = true;

  /** One measure where it stands: what it says, how far it is, the last result, and the way to the library. */
  function card(key) {
    const box = itemBox(state, { kind: "measure", key, label: word("kind", "measure"), how });
    const at = select(STATES.map((it) => [it, word("measure_state", it)]), "");
    at.dataset.act = "state";
    at.setAttribute("aria-label", t("measure_state"));
    at.className = "for-writers";
    const said = make("span", "state for-readers");
    const own = teller();
    at.addEventListener("change", () => write(own, () => state.patch("measure", key, { state: at.value, ...(at.value === "done" ? {} : { is_shared: false }) }), t("saved")).then(draw1));
    const share = make("div", "share");
    const element = make("li", "measure", make("div", "measure-top", state.mayWrite ? at : "", said), box, resultPlace(state, key), share, own);
    element.dataset.measure = key;

    function draw1() {
      const body = state.body("measure", key);
      if (!body) return;
      if (document.activeElement !== at) at.value = body.state;
      said.textContent = word("measure_state", body.state);
      said.dataset.state = body.state;
      element.dataset.state = body.state;
      element.dataset.late = isLate(body) || isToRemind(body);
      const had = share.contains(document.activeElement);
      const isDone = body.state === "done";
      const act = !state.mayWrite ? null : body.is_shared ? button(t("unshare"), "text for-writers", () => write(own, () => state.patch("measure", key, { is_shared: false }), t("unshared"))) : isDone ? button(t("share"), "secondary for-writers", () => give(key, own)) : null;
      if (act) act.dataset.act = body.is_shared ? "unshare" : "share";
      share.replaceChildren(...[body.is_shared ? make("p", "shared", t("shared")) : null, act].filter(Boolean));
      if (had) share.querySelector("button")?.focus({ preventScroll: true });
    }
    state.on(`measure/${key}`, draw1);
    draw1();
    return { element, draw: draw1 };
  }

  async function write(own, act, text) {
    try {
      await act();
      tell(own, text, "good");
      announce(text);
    } catch (problem) {
      tell(own, saidWriting(problem), "bad");
    }
  }

  async function give(key, own) {
    const body = state.body("measure", key);
    const texts = [t("share_text"), ...(body.learned ? [] : [t("share_unlearned")])];
    if (!await confirmed({ id: "share", title: t("share_title"), texts, yes: t("share"), yesId: "share-yes" })) return;
    await write(own, () => state.patch("measure", key, { is_shared: true }), t("shared"));
  }

  /** Asks for a new measure, against a box or none, with the library beside. */
  function add(cause = "") {
    if ($("measure-new")) return;
    const name = cause ? boxName(state, causes, cause) : "";
    const adopted = make("p", "told");
    adopted.id = "adopted";
    adopted.setAttribute("role", "status");
    let own = null;
    const base = measureHow(state, causes, { ...EMPTY, causes: cause ? [cause] : [] });
    // One key for one thing, so that a reply that was lost does not make it twice.
    const key = freshKey();
    const form = editor({
      name: draftName(cause), base: { version: 0, body: null }, saveId: "measure-save", isNew: true,
      how: { ...base, makeForm(body) { const made = base.makeForm(body); own ??= made; return made; } },
      write: (body, version) => state.put("measure", key, body, version),
      done(body) {
        element.close();
        if (body) cards.get(key)?.element.scrollIntoView({ block: "nearest" });
      },
    });
    const library = libraryOf(state, name.slice(0, 100), (measure) => {
      own.adopt(measure);
      tell(adopted, t("adopted"), "good");
    });
    const { element, closed } = dialog({
      id: "measure-new", kind: "wide", title: name ? t("measure_add_for", { name: firstOf(name) }) : t("measure_add"), close: "",
      holds: [make("div", "measure-new", make("div", "stack", make("h3", "", t("measure_own")), adopted, form.element), library)],
    });
    element.dataset.cause = cause;
    closed.then(() => { if (isOpen) draw(); });
  }

  const draftName = (cause) => `${state.id}:measure/new:${cause}`;

  function adder(cause, isFirst) {
    if (!state.mayWrite) return null;
    const act = button(t("measure_add"), `${isFirst ? "primary" : "secondary"} for-writers`, () => add(cause));
    act.dataset.act = "add";
    return make("div", "row for-writers", act, draft(draftName(cause)) ? make("span", "small draft", t("draft_waits")) : null);
  }

  const inOrder = (a, b) => Number(isLate(b.body)) - Number(isLate(a.body)) || RANK[a.body.state] - RANK[b.body.state] || (a.body.due || "9") .localeCompare(b.body.due || "9") || (a.key < b.key ? -1 : 1);

  function cardOf(key) {
    if (!cards.has(key)) cards.set(key, card(key));
    return cards.get(key).element;
  }

  function section(node, all, shown) {
    const name = boxName(state, causes, node.key);
    const own = all.filter(({ body }) => body.causes.includes(node.key)).sort(inOrder);
    // A measure that was given up answers nothing.
    const isCovered = own.some(({ body }) => body.state !== "dropped");
    const here = own.filter(({ key }) => !shown.has(key));
    for (const { key } of here) shown.add(key);
    const elsewhere = own.filter((it) => !here.includes(it));
    const mark = make("span", "seal-mark", "真");
    mark.setAttribute("aria-hidden", "true");
    const heading = make("h3", "", mark, link(name, `#diagram/box/${node.key}`));
    heading.tabIndex = -1;
    const why = state.body("true_cause", node.key).why.text;
    const rest = elsewhere.length ? make("ul", "also plain", ...elsewhere.map(({ key, body }) => make("li", "", make("span", "", make("span", "small", t("also_answers")), " ", link(firstOf(body.text.replace(/\s+/g, " "), 60), `#prevent/measure/${key}`))))) : null;
    const element = make("section", "cause-measures", heading, make("div", "why-true", longText(why)),
      isCovered ? null : make("p", "uncovered", t("uncovered")), here.length ? make("ul", "measures", ...here.map(({ key }) => cardOf(key))) : null, rest, adder(node.key, !isCovered));
    Object.assign(element.dataset, { cause: node.key, covered: isCovered });
    return element;
  }

  function draw() {
    isOld = false;
    const all = state.all("measure");
    for (const key of [...cards.keys()]) if (!all.some((it) => it.key === key)) cards.delete(key);
    // A form that somebody writes in stays where it is.
    if (parts.contains(document.activeElement) && document.activeElement.closest(".editor")) {
      isOld = true;
      return;
    }
    const nodes = state.all("true_cause").filter(({ key, body }) => body.is_true && state.has("node", key));
    const covered = ({ key }) => all.some(({ body }) => body.causes.includes(key) && body.state !== "dropped");
    const sorted = nodes.sort((a, b) => Number(covered(a)) - Number(covered(b)) || boxName(state, causes, a.key).localeCompare(boxName(state, causes, b.key), document.documentElement.lang));
    const shown = new Set();
    const had = parts.contains(document.activeElement) ? document.activeElement : null;
    const [heldCause, heldAct] = [had?.closest("[data-cause]")?.dataset.cause, had?.dataset.act];
    const sections = sorted.map((it) => section(it, all, shown));
    const others = all.filter(({ key }) => !shown.has(key)).sort(inOrder);
    if (others.length) sections.push(make("section", "cause-measures", make("h3", "", nodes.length ? t("measures_other") : t("measures")), make("ul", "measures", ...others.map(({ key }) => cardOf(key)))));
    if (!nodes.length) sections.unshift(empty(state.mayWrite ? t("prevent_empty") : t("prevent_none"), link(t("to_diagram"), "#diagram", "button secondary")));
    parts.replaceChildren(...sections);
    if (had?.isConnected) had.focus({ preventScroll: true });
    else if (heldAct) parts.querySelector(`[data-cause="${CSS.escape(heldCause ?? "")}"] [data-act="${heldAct}"]`)?.focus({ preventScroll: true });
    for (const it of cards.values()) it.draw();
    const n = (is) => all.filter(({ body }) => is(body)).length;
    const counts = [[sorted.filter((it) => !covered(it)).length, "count_uncovered"], [n(isLate), "count_late"], [n(isToRemind), "count_remind"], [n((it) => it.proof.kind === "none" && it.state !== "dropped"), "count_unproved"], [state.all("result").filter(({ key, body }) => !body.is_passed && state.has("measure", key)).length, "count_failed"]];
    const texts = { count_uncovered: (it) => t("count_uncovered", it), count_late: (it) => t("count_late", it), count_remind: (it) => t("count_remind", it), count_unproved: (it) => t("count_unproved", it), count_failed: (it) => t("count_failed", it) };
    count.replaceChildren(...counts.filter(([it]) => it).map(([it, name]) => { const one = make("span", "count-one", texts[name]({ n: number(it) })); one.dataset.count = name; return one; }));
    count.hidden = !count.children.length;
  }

  const free = state.mayWrite ? button(t("measure_add_free"), "secondary for-writers", () => add(), "measure-add") : null;
  place.append(count, told, parts, make("div", "row", free));
  let waiting = 0;
  const later = () => {
    isOld = true;
    clearTimeout(waiting);
    if (isOpen) waiting = setTimeout(() => { if (isOpen) draw(); }, 60);
  };
  for (const kind of ["measure", "true_cause", "node", "event", "result", "progress"]) state.on(`${kind}/*`, later);
  // What was held back while somebody wrote.
  parts.addEventListener("focusout", () => { if (isOld) later(); });
  countDue(state, later);

  return {
    /** Shows the place, or leaves it; with a box or a measure that is to be seen. */
    show(is, [first, second] = []) {
      isOpen = is;
      if (!is) return;
      if (isOld || !parts.children.length) draw();
      const wanted = first === "measure" ? cards.get(second)?.element : first && parts.querySelector(`[data-cause="${CSS.escape(first)}"]`);
      if (!wanted) return;
      wanted.scrollIntoView({ block: "start" });
      const to = wanted.querySelector("h3, h4");
      if (to) {
        to.tabIndex = -1;
        to.focus({ preventScroll: true });
      }
    },
  };
}
