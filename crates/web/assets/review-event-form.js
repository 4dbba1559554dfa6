// How an event is written and compared: its time, as far as it is known, then the statement.
import { choice, labelled } from "./board-parts.js";
import { statements } from "./review-item.js";
import { parsedWhen, whenText } from "./review-names.js";
import { make, t, word } from "./text.js";

const KINDS = ["exact", "about", "before", "after", "unknown"];

/** As for a conflict. `rankOf(when)` says where a new event goes in the order. */
export function eventHow(state, rankOf) {
  const inner = statements(state, { label: t("event_text"), rows: 3 });
  const makeForm = (body) => {
    const from = body ?? { statement: null, when: { kind: "exact", at: "" } };
    const at = make("input");
    Object.assign(at, { value: from.when.at.replace("T", " "), maxLength: 30, autocomplete: "off", placeholder: "2019-07-03 10:05" });
    const field = labelled(t("event_at"), at, t("event_at_hint"));
    const fit = () => { field.hidden = kind.value === "unknown"; };
    const kind = choice(t("event_when"), KINDS.map((it) => [it, word("when", it)]), from.when.kind, fit);
    fit();
    const statement = inner.makeForm(from.statement);
    const when = () => (kind.value === "unknown" ? { kind: "unknown", at: "" } : { kind: kind.value, at: parsedWhen(at.value) ?? "" });
    return {
      element: make("div", "stack", kind, field, statement.element),
      value: () => ({ statement: statement.value(), when: when(), rank: from.rank ?? rankOf(when()) }),
      problem() {
        if (kind.value !== "unknown" && !parsedWhen(at.value)) return at.focus(), at.value.trim() ? t("event_at_wrong") : t("event_at_missing");
        return statement.problem();
      },
      focus: () => statement.focus(),
    };
  };
  const whenLine = (when) => make("p", "when", whenText(when));
  return {
    makeForm,
    difference(before, after, side) {
      const { when } = side === "out" ? before ?? after : after ?? before;
      return make("div", "", whenLine(when), inner.difference(before?.statement ?? null, after?.statement ?? null, side));
    },
    union: (theirs, yours) => (theirs ? { ...theirs, when: yours.when, statement: inner.union(theirs.statement, yours.statement) } : yours),
    view: (body) => make("div", "", whenLine(body.when), inner.view(body.statement)),
  };
}
