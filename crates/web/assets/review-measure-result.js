// What came of the proof of a measure the last time: handed in by a person here, or by a program.
import { button, choice, clean, dialog, labelled, longText } from "./board-parts.js";
import { editor } from "./review-editor.js";
import { showDiff, union } from "./review-diff.js";
import { whenText } from "./review-names.js";
import { textField } from "./review-statement.js";
import { showVersions } from "./review-versions.js";
import { thisMinute } from "./review-measure-due.js";
import { make, t } from "./text.js";

const TEXT_MAX = 1000;

const line = (body) => `${body.is_passed ? t("result_passed") : t("result_failed")} · ${whenText({ kind: "exact", at: body.at })}`;

/** How results are written and compared. */
export function resultHow() {
  return {
    makeForm(body) {
      const is = choice(t("result_is"), [["yes", t("result_passed")], ["no", t("result_failed")]], undefined);
      is.id = "result-is";
      const at = Object.assign(make("input"), { type: "datetime-local", value: thisMinute(), id: "result-at" });
      const text = textField(t("result_text"), "", { rows: 2, most: TEXT_MAX, id: "result-text" });
      // A result is a new one each time; what a draft or another says is kept.
      if (body) {
        is.value = body.is_passed ? "yes" : "no";
        at.value = body.at;
        text.area.value = body.text;
      }
      return {
        element: make("div", "stack", is, labelled(t("result_at"), at), text.element),
        value: () => ({ is_passed: is.value === "yes", at: at.value.slice(0, 16), text: clean(text.area.value) }),
        problem() {
          if (!is.value) return is.querySelector("input").focus(), t("result_missing");
          return at.value ? "" : (at.focus(), t("event_at_missing"));
        },
        focus: () => (is.querySelector("input:checked") ?? is.querySelector("input")).focus(),
      };
    },
    difference: (before, after, side) => showDiff(before ? `${line(before)}\n${before.text}` : "", after ? `${line(after)}\n${after.text}` : "", side),
    union: (theirs, yours) => (theirs ? { ...yours, text: union(theirs.text, yours.text).slice(0, TEXT_MAX) } : yours),
    view: (body) => make("div", "", make("p", "", line(body)), longText(body.text)),
  };
}

/** The last result of a measure and the way to enter another. */
export function resultPlace(state, key) {
  const place = make("div", "result-place");
  const name = `${state.id}:result/${key}`;
  const how = resultHow();

  function enter() {
    const { version } = state.item("result", key);
    const form = editor({
      name, base: { version, body: null }, how, saveId: "result-save",
      write: (body, over) => state.put("result", key, body, over),
      done: () => opened.element.close(),
    });
    const opened = dialog({ id: "result", title: t("result_enter"), holds: [make("p", "small", state.body("measure", key)?.text ?? ""), form.element], close: "" });
    const stop = state.on(`result/${key}`, (it) => form.changed(it));
    opened.closed.then(stop);
    form.focus();
  }

  function draw() {
    const had = place.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    const { body, version } = state.item("result", key);
    const hasProof = state.body("measure", key)?.proof.kind !== "none";
    const said = body ? make("p", `result-line ${body.is_passed ? "passed" : "failed"}`, line(body)) : hasProof ? make("p", "small", t("result_none")) : null;
    const act = state.mayWrite && hasProof ? button(t("result_enter"), "text for-writers", enter) : null;
    const past = version ? button(t("result_past"), "text", () => showVersions(state, "result", key, t("result_past"), { ...how, isRestorable: false })) : null;
    if (act) act.dataset.act = "result";
    if (past) past.dataset.act = "result-past";
    if (body) place.dataset.passed = body.is_passed;
    else delete place.dataset.passed;
    place.replaceChildren(...[said, body?.text ? longText(body.text) : null, act || past ? make("div", "row", act, past) : null].filter(Boolean));
    if (had) place.querySelector(`[data-act="${had}"]`)?.focus({ preventScroll: true });
  }

  state.on(`result/${key}`, draw);
  state.on(`measure/${key}`, draw);
  draw();
  return place;
}
