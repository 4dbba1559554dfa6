// A statement: a text, whether it is fact or conjecture, and its sources. How it is read and how it is written.
import { choice, clean, freshId, labelled, longText } from "./board-parts.js";
import { showDiff, union } from "./review-diff.js";
import { SOURCES_MAX, sourcesForm, sourcesView } from "./review-sources.js";
import { make, number, t, word } from "./text.js";

export const TEXT_MAX = 10000;
/** From here on the counter is shown in full view. */
const NEARLY = 9000;

/** "Fact" or "Conjecture", by word and by border. */
export const basisBadge = (basis) => make("span", `basis ${basis}`, word("basis", basis));

export function statementView(state, body) {
  return make("div", "statement", basisBadge(body.basis), body.text ? longText(body.text) : make("p", "small", t("text_none")), sourcesView(state, body.sources));
}

/** A text field that grows, with its count. */
export function textField(label, text, { rows = 4, most = TEXT_MAX, hint, id } = {}) {
  const area = make("textarea");
  Object.assign(area, { value: text, rows, maxLength: most, id: id ?? freshId("text") });
  const counter = make("span", "counter small");
  const count = () => {
    counter.textContent = t("counter", { n: number([...area.value].length), most: number(most) });
    counter.classList.toggle("near", area.value.length >= most * (NEARLY / TEXT_MAX));
  };
  area.addEventListener("input", count);
  count();
  const element = labelled(label, area, hint);
  element.append(counter);
  return { element, area };
}

/** The form of a statement. `value()` is its body, `problem()` what keeps it from being saved. */
export function statementForm(state, body, { label = t("text"), rows, hint, id, most, isOptional = false } = {}) {
  const from = body ?? { text: "", basis: "conjecture", sources: [] };
  const text = textField(label, from.text, { rows, hint, id, most });
  const basis = choice(t("basis"), [["fact", word("basis", "fact")], ["conjecture", word("basis", "conjecture")]], from.basis);
  basis.classList.add("basis-choice");
  const sources = sourcesForm(state, from.sources);
  const element = make("div", "statement-form stack", text.element, make("div", "", basis, make("p", "small", t("basis_hint"))), sources.element);
  const value = () => ({ text: clean(text.area.value), basis: basis.value, sources: sources.value() });
  return {
    element,
    value,
    focus: () => text.area.focus(),
    problem() {
      const it = value();
      if (!it.text && !isOptional) return text.area.focus(), t("text_missing");
      const wrong = sources.problem();
      if (wrong) return wrong;
      if (it.basis === "fact" && !it.sources.length) return sources.focus(), t("fact_needs_source");
      return "";
    },
  };
}

/** How a body differs from another; `side` shows one of the two only. */
export function statementDiff(state, before, after, side) {
  const shown = side === "out" ? before : after;
  if (!shown) return make("p", "small", t("erased_meanwhile"));
  const has = { text: showDiff(before?.text ?? "", after?.text ?? "", side) };
  const isOtherBasis = before && after && before.basis !== after.basis;
  const badge = basisBadge(shown.basis);
  if (isOtherBasis) badge.classList.add("differs");
  const said = (it) => (it?.sources ?? []).map((one) => [word("source", one.kind), one.text, one.url].filter(Boolean).join(" ")).join("\n");
  const isOtherSource = said(before) !== said(after);
  return make("div", "statement", badge, has.text, isOtherSource ? showDiff(said(before), said(after), side) : sourcesView(state, shown.sources));
}

/** Both in one: where somebody begins who wants to keep both. */
export function statementUnion(theirs, yours) {
  if (!theirs) return yours;
  const known = new Set(theirs.sources.map((it) => JSON.stringify(it)));
  const sources = [...theirs.sources, ...yours.sources.filter((it) => !known.has(JSON.stringify(it)))].slice(0, SOURCES_MAX);
  const basis = theirs.basis === yours.basis ? yours.basis : "conjecture";
  return { text: union(theirs.text, yours.text).slice(0, TEXT_MAX), basis, sources };
}
