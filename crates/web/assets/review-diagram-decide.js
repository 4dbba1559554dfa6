// What the group takes for a true cause: the arrows propose, the group decides, also against them, and says why.
import { $, button, choice, dialog, link, longText } from "./board-parts.js";
import { draft } from "./board-store.js";
import { editor } from "./review-editor.js";
import { basisBadge, statementDiff, statementForm, statementUnion, statementView } from "./review-statement.js";
import { showVersions } from "./review-versions.js";
import { signed } from "./review-diagram-draw.js";
import { make, number, t, word } from "./text.js";

/** How decisions are written and compared. */
export function decisionHow(state) {
  const line = (body) => make("p", "decided", body.is_true ? t("decided_true") : t("decided_not"));
  return {
    makeForm(body) {
      const is = choice(t("decide_is"), [["yes", t("decide_yes")], ["no", t("decide_no")]], body ? (body.is_true ? "yes" : "no") : undefined);
      is.id = "decide-is";
      const why = statementForm(state, body?.why, { label: t("decide_why"), hint: t("decide_why_hint"), rows: 3, id: "decide-why" });
      return {
        element: make("div", "stack", is, why.element),
        value: () => ({ is_true: is.value === "yes", why: why.value() }),
        problem() {
          if (!is.value) return is.querySelector("input").focus(), t("decide_missing");
          const wrong = why.problem();
          return wrong === t("text_missing") ? t("decide_why_missing") : wrong;
        },
        focus: () => (is.querySelector("input:checked") ?? is.querySelector("input")).focus(),
      };
    },
    difference(before, after, side) {
      const shown = side === "out" ? before ?? after : after ?? before;
      return make("div", "", line(shown), statementDiff(state, before?.why ?? null, after?.why ?? null, side));
    },
    union: (theirs, yours) => (theirs ? { ...yours, why: statementUnion(theirs.why, yours.why) } : yours),
    view: (body) => make("div", "stack", line(body), statementView(state, body.why)),
  };
}

/** What the arrows say about a box, in a sentence. */
export function arrowsSay(box) {
  const score = { out: number(box.out), in: number(box.in), effect: signed(box.effect), part: word("stands", box.part) };
  return make("p", "arrows-say", make("b", "", t("arrows_say")), " ", t("arrows_say_score", score), " ", box.isProposed ? t("arrows_propose") : t("arrows_propose_not"));
}

const draftName = (state, key) => `${state.id}:true_cause/${key}`;

/** Opens the decision on a box. */
export function decide(state, diagram, key) {
  const box = diagram.boxes.get(key);
  if (!box || $("decide")) return;
  const base = state.item("true_cause", key);
  const form = editor({
    name: draftName(state, key), base, how: decisionHow(state), saveId: "decide-save",
    write: (body, version) => (body === null ? state.erase("true_cause", key, version) : state.put("true_cause", key, body, version)),
    done: () => element.close(),
  });
  if (base.body) form.element.lastChild.append(button(t("decide_back"), "text danger", () => form.erase(), "decide-back"));
  const { element, closed } = dialog({ id: "decide", title: t("decide_title", { name: box.label }), holds: [arrowsSay(box), make("p", "", t("decide_how")), form.element], close: "" });
  element.dataset.box = key;
  const stop = state.on(`true_cause/${key}`, ({ version, body }) => form.changed({ version, body }));
  closed.then(() => { stop(); state.emit("diagram"); });
  form.focus();
}

/** The decision on a box where it is read: what was decided and why, or what is proposed; with the way to decide. */
export function decisionView(state, diagram, key, level = 4) {
  const box = diagram.boxes.get(key);
  const { body, version } = state.item("true_cause", key);
  const place = make("div", "decision");
  place.dataset.decision = body ? (body.is_true ? "true" : "not") : box.isProposed ? "proposed" : "none";
  const mark = body ? (body.is_true ? make("span", "seal-mark", "真") : make("span", "cross", "✕")) : null;
  mark?.setAttribute("aria-hidden", "true");
  if (body) {
    const isAgainst = body.is_true !== box.isProposed;
    place.append(make(`h${level}`, "decided", mark, body.is_true ? t("decided_true") : t("decided_not")), longText(body.why.text), basisBadge(body.why.basis));
    if (isAgainst) place.append(make("p", "small", t("decided_against")));
  }
  place.append(arrowsSay(box));
  if (draft(draftName(state, key)) && state.mayWrite) place.append(make("p", "small draft for-writers", t("draft_waits")));
  const act = state.mayWrite ? button(body ? t("decide_edit") : t("decide_do"), `${body || !box.isProposed ? "secondary" : "primary"} for-writers`, () => decide(state, diagram, key)) : null;
  if (act) act.dataset.act = "decide";
  const past = version ? button(t("versions"), "text", () => showVersions(state, "true_cause", key, t("named", { what: word("kind", "true_cause"), name: box.label }), decisionHow(state))) : null;
  const answers = body?.is_true ? link(t("to_measures"), `#prevent/${key}`, "as-line") : null;
  place.append(make("div", "row", act, answers, past));
  return place;
}
