// How a measure is written, compared and read: what is done, against which boxes, by which role, until when, and how one knows that it works.
import { button, clean, freshId, labelled, link, longText, select } from "./board-parts.js";
import { openFile } from "./review-files.js";
import { showDiff, union } from "./review-diff.js";
import { boxName } from "./review-names.js";
import { TEXT_MAX, textField } from "./review-statement.js";
import { dayText, isLate, isToRemind } from "./review-measure-due.js";
import { make, t, word } from "./text.js";

export const STATES = ["proposed", "planned", "doing", "done", "dropped"];
const PROOFS = ["none", "drill", "test", "command", "document"];
const ROLE_MAX = 80;
const PROOF_MAX = 300;
const URL_MAX = 500;
const BOXES_MAX = 20;

export const EMPTY = { text: "", causes: [], role: "", due: "", remind: "", state: "proposed", proof: { kind: "none", text: "", url: "", file: "" }, learned: "", is_shared: false };

const isWeb = (url) => /^https?:\/\/[^\s]+$/i.test(url);

/** Boxes to choose from: true causes first. Those that were removed from the diagram stay named until somebody takes them out. */
function boxesForm(state, causes, chosen) {
  const nodes = state.all("node").map(({ key }) => ({ key, name: boxName(state, causes, key), isTrue: state.body("true_cause", key)?.is_true === true }));
  for (const key of chosen) if (!nodes.some((it) => it.key === key)) nodes.push({ key, name: t("box_gone"), isTrue: false, isGone: true });
  const inputs = [];
  const line = ({ key, name }) => {
    const input = Object.assign(make("input"), { type: "checkbox", value: key, checked: chosen.includes(key) });
    inputs.push(input);
    return make("li", "", make("label", "check", input, make("span", "check-text", name)));
  };
  const byName = (a, b) => a.name.localeCompare(b.name, document.documentElement.lang);
  const first = nodes.filter((it) => it.isTrue || chosen.includes(it.key)).sort(byName);
  const others = nodes.filter((it) => !first.includes(it)).sort(byName);
  const set = make("fieldset", "checks answers-form", make("legend", "", t("answers")));
  if (first.length) set.append(make("ul", "add-list", ...first.map(line)));
  if (others.length) set.append(make("details", "quiet", make("summary", "", t("answers_others")), make("ul", "add-list", ...others.map(line))));
  if (!nodes.length) set.append(make("p", "small", t("answers_none")));
  return { element: set, value: () => inputs.filter((it) => it.checked).map((it) => it.value), focus: () => inputs[0]?.focus() };
}

function proofForm(state, proof) {
  const kind = select(PROOFS.map((it) => [it, word("proof", it)]), proof.kind);
  const text = Object.assign(make("input"), { value: proof.text, maxLength: PROOF_MAX, autocomplete: "off" });
  const url = Object.assign(make("input"), { value: proof.url, maxLength: URL_MAX, type: "url", inputMode: "url", placeholder: "https://" });
  const files = state.all("file").map((it) => [it.key, it.body.name]);
  if (proof.file && !files.some(([key]) => key === proof.file)) files.push([proof.file, t("file_gone")]);
  const file = select([["", t("file_none")], ...files], proof.file);
  const fileField = labelled(t("source_file"), file);
  fileField.hidden = !files.length;
  const rest = make("div", "proof-rest", labelled(t("proof_text"), text), labelled(t("source_url"), url), fileField);
  const fit = () => { rest.hidden = kind.value === "none"; };
  kind.addEventListener("change", fit);
  kind.dataset.field = "proof";
  fit();
  const element = make("fieldset", "sources-form proof-form", make("legend", "", t("proof")), labelled(t("proof_kind"), kind, t("proof_hint")), rest);
  const value = () => (kind.value === "none" ? EMPTY.proof : { kind: kind.value, text: clean(text.value).replace(/\s+/g, " "), url: clean(url.value), file: file.value });
  return {
    element, value,
    set(to) {
      Object.assign(kind, { value: to.kind });
      Object.assign(text, { value: to.text });
      Object.assign(url, { value: to.url });
      file.value = "";
      fit();
    },
    problem() {
      const it = value();
      if (it.kind === "none") return "";
      if (it.url && !isWeb(it.url)) return url.focus(), t("source_url_wrong");
      return it.text || it.url || it.file ? "" : (text.focus(), t("proof_missing"));
    },
  };
}

const dateField = (value) => Object.assign(make("input"), { type: "date", value, min: "2000-01-01", max: "2999-12-31" });

/** As for a conflict. */
export function measureHow(state, causes, begin = EMPTY) {
  function makeForm(body) {
    const from = { ...begin, ...body };
    const text = textField(t("measure_text"), from.text, { rows: 3, id: freshId("measure-text") });
    const answers = boxesForm(state, causes, from.causes);
    const role = Object.assign(make("input"), { value: from.role, maxLength: ROLE_MAX, autocomplete: "off" });
    const [due, remind] = [dateField(from.due), dateField(from.remind)];
    const at = select(STATES.map((it) => [it, word("measure_state", it)]), from.state);
    const proof = proofForm(state, from.proof);
    const learned = textField(t("learned"), from.learned, { rows: 2, hint: t("learned_hint") });
    Object.assign(role.dataset, { field: "role" });
    Object.assign(due.dataset, { field: "due" });
    Object.assign(remind.dataset, { field: "remind" });
    Object.assign(at.dataset, { field: "state" });
    const fields = make("div", "measure-fields", labelled(t("role"), role, t("role_hint")), labelled(t("measure_state"), at), labelled(t("due"), due), labelled(t("remind"), remind));
    return {
      element: make("div", "stack measure-form", text.element, answers.element, fields, proof.element, learned.element),
      value: () => ({
        text: clean(text.area.value), causes: answers.value(), role: clean(role.value).replace(/\s+/g, " "), due: due.value, remind: remind.value, state: at.value,
        proof: proof.value(), learned: clean(learned.area.value), is_shared: from.is_shared && at.value === "done",
      }),
      problem() {
        if (!clean(text.area.value)) return text.area.focus(), t("text_missing");
        if (answers.value().length > BOXES_MAX) return answers.focus(), t("answers_many");
        for (const it of [due, remind]) if (!it.validity.valid) return it.focus(), t("date_wrong");
        return proof.problem();
      },
      focus: () => text.area.focus(),
      /** Takes over what another group did. */
      adopt(measure) {
        const { kind, text: said, url } = measure.proof;
        text.area.value = measure.text;
        // A file stays with those whose it is.
        proof.set(said || url ? { kind, text: said, url } : EMPTY.proof);
        text.area.dispatchEvent(new Event("input", { bubbles: true }));
        text.area.focus();
      },
    };
  }

  const said = (body) => (!body ? "" : [
    body.text, t("named", { what: t("answers"), name: body.causes.map((it) => boxName(state, causes, it) || t("box_gone")).join(t("list_comma")) || t("none_here") }),
    t("named", { what: t("role"), name: body.role || "–" }), t("named", { what: t("measure_state"), name: word("measure_state", body.state) }),
    t("named", { what: t("due"), name: body.due || "–" }), t("named", { what: t("remind"), name: body.remind || "–" }),
    t("named", { what: t("proof"), name: [word("proof", body.proof.kind), body.proof.text, body.proof.url].filter(Boolean).join(" ") }),
    body.learned ? t("named", { what: t("learned"), name: body.learned }) : "", body.is_shared ? t("shared") : "",
  ].filter(Boolean).join("\n"));

  return {
    makeForm,
    difference: (before, after, side) => showDiff(said(before), said(after), side),
    union: (theirs, yours) => (theirs ? {
      ...yours, text: union(theirs.text, yours.text).slice(0, TEXT_MAX), learned: union(theirs.learned, yours.learned).slice(0, TEXT_MAX),
      causes: [...new Set([...theirs.causes, ...yours.causes])].slice(0, BOXES_MAX),
    } : yours),
    view: (body) => measureView(state, causes, body),
  };
}

/** How a measure is verified, in words and with a sign; that it is not is said as plainly. */
export function proofView(state, proof) {
  if (proof.kind === "none") return make("p", "proof-none", t("proof_none"));
  const line = make("p", "proof-line", make("span", "source-kind", word("proof", proof.kind)), " ");
  if (isWeb(proof.url)) {
    const to = link(proof.text || proof.url, proof.url);
    Object.assign(to, { target: "_blank", rel: "noopener noreferrer" });
    line.append(to);
  } else line.append(make(proof.kind === "command" ? "code" : "span", "", proof.text));
  const file = proof.file && state.body("file", proof.file);
  if (file) line.append(" ", button(t("file_open", { name: file.name }), "text", () => openFile(state, proof.file, file)));
  else if (proof.file) line.append(" ", make("span", "small", t("file_gone")));
  return line;
}

function measureView(state, causes, body) {
  const chips = body.causes.map((key) => {
    const name = boxName(state, causes, key);
    const isTrue = state.body("true_cause", key)?.is_true === true;
    const mark = isTrue ? make("span", "seal-mark", "真") : null;
    mark?.setAttribute("aria-hidden", "true");
    const chip = name ? link("", `#diagram/box/${key}`, "chip") : make("span", "chip gone", t("box_gone"));
    if (name) chip.append(...[mark, make("span", "", name)].filter(Boolean));
    return make("li", "", chip);
  });
  const late = isLate(body) ? make("span", "late", t("late")) : null;
  const remind = isToRemind(body) ? make("span", "late remind", t("to_remind")) : null;
  const facts = [[t("role"), body.role || t("role_none")], [t("due"), body.due ? dayText(body.due) : t("due_none"), late], ...(body.remind ? [[t("remind"), dayText(body.remind), remind]] : [])];
  return make("div", "measure-view",
    longText(body.text), chips.length ? make("ul", "chips", ...chips) : make("p", "small", t("answers_nothing")),
    make("dl", "facts", ...facts.map(([name, value, more]) => make("div", "", make("dt", "", name), make("dd", "", value, more ? " " : null, more ?? null)))),
    make("div", "proof", make("h5", "", t("proof")), proofView(state, body.proof)),
    body.learned ? make("div", "learned", make("h5", "", t("learned")), longText(body.learned)) : null);
}
