// What the pages of the board are made of: buttons, fields, long texts, questions. Knows nothing of reviews.
import { language, make, t } from "./text.js";

export const $ = (id) => document.getElementById(id);

/** Above this many characters or lines a text is shown in part. */
const LONG_CHARS = 320;
const LONG_LINES = 6;

let count = 0;
/** An id that stands once in the page. */
export const freshId = (stem) => `${stem}-${++count}`;

// Characters that nobody sees, and those that turn the direction of writing so that a text looks like another.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;
/** What was typed or pasted, as it can be kept. */
export const clean = (text) => text.replace(UNSEEN, "").trim();

export function button(text, kind, act, id) {
  const element = make("button", kind, text);
  element.type = "button";
  if (id) element.id = id;
  element.addEventListener("click", act);
  return element;
}

export function link(text, href, kind = "") {
  const element = make("a", kind, text);
  element.href = href;
  return element;
}

/** A label above its control. */
export function labelled(text, control, hint) {
  control.id ||= freshId("field");
  const label = make("label", "", text);
  label.htmlFor = control.id;
  const told = hint ? make("p", "small", hint) : null;
  if (told) {
    told.id = `${control.id}-hint`;
    control.setAttribute("aria-describedby", told.id);
  }
  return make("div", "labelled", label, control, told);
}

/** One of a few, as a row of buttons; `choices` is a list of `[value, text]`. Its `value` can be read and set. */
export function choice(legend, choices, value, changed, isQuiet = false) {
  const set = make("fieldset", "choice", make("legend", isQuiet ? "unseen" : "", legend));
  const name = freshId("choice");
  const inputs = choices.map(([one, text]) => {
    const input = make("input");
    Object.assign(input, { type: "radio", name, value: one, checked: one === value });
    input.addEventListener("change", () => changed?.(one));
    set.append(make("label", "", input, make("span", "", text)));
    return input;
  });
  Object.defineProperty(set, "value", {
    get: () => inputs.find((it) => it.checked)?.value,
    set: (one) => inputs.forEach((it) => { it.checked = it.value === one; }),
  });
  return set;
}

export function select(choices, value) {
  const element = make("select");
  for (const [one, text] of choices) {
    const option = make("option", "", text);
    option.value = one;
    element.append(option);
  }
  element.value = value;
  return element;
}

/** A text as it was written, in part if it is long. */
export function longText(text, className = "") {
  const body = make("p", `prose ${className}`, text);
  if (text.length <= LONG_CHARS && text.split("\n").length <= LONG_LINES) return body;
  body.classList.add("clamped");
  const more = button(t("more"), "text", () => {
    const isOpen = !body.classList.toggle("clamped");
    more.textContent = isOpen ? t("less") : t("more");
    more.setAttribute("aria-expanded", String(isOpen));
  });
  more.setAttribute("aria-expanded", "false");
  return make("div", "long", body, more);
}

/** Opens a dialog with a heading, what it holds and a way to close it. Resolves when it is closed, with its `returnValue`. */
export function dialog({ id, title, holds, kind = "", close = t("close"), onClose }) {
  const element = make("dialog", `board-dialog ${kind}`);
  if (id) element.id = id;
  const heading = make("h2", "", title);
  heading.id = freshId("heading");
  heading.tabIndex = -1;
  element.setAttribute("aria-labelledby", heading.id);
  const end = close && button(close, "secondary close", () => element.close());
  element.append(make("div", "dialog-head", heading), ...holds, ...(end ? [make("div", "dialog-foot", end)] : []));
  const from = document.activeElement;
  document.body.append(element);
  element.showModal();
  heading.focus();
  const closed = new Promise((resolve) => {
    element.addEventListener("close", () => {
      onClose?.();
      element.remove();
      // What was left may have been drawn anew meanwhile.
      if (from?.isConnected) from.focus({ preventScroll: true });
      resolve(element.returnValue);
    });
  });
  return { element, closed };
}

/** Asks before something that many feel. Resolves whether it was meant. */
export async function confirmed({ id, title, texts, yes, yesId, isGrave = false }) {
  const act = button(yes, isGrave ? "primary grave" : "primary", () => element.close("yes"), yesId);
  const no = button(t("cancel"), "secondary", () => element.close());
  const { element, closed } = dialog({ id, title, close: "", holds: [...texts.map((text) => (text instanceof Node ? text : make("p", "", text))), make("div", "dialog-foot", act, no)] });
  return (await closed) === "yes";
}

/** Says under a form or a list how it went. */
export function tell(place, text, kind = "") {
  place.textContent = text;
  place.dataset.kind = kind;
  place.hidden = !text;
}

/** A place for `tell`. */
export function teller(id) {
  const place = make("p", "told");
  if (id) place.id = id;
  place.setAttribute("role", "status");
  place.hidden = true;
  return place;
}

/** Lets people choose the language of the page. */
export function languages() {
  for (const one of document.querySelectorAll("[data-lang]")) {
    one.hidden = one.dataset.lang === language;
    one.addEventListener("click", () => {
      document.cookie = `lang=${one.dataset.lang}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
      location.reload();
    });
  }
}

/** Where nothing is yet: what it is for and what to do. */
export const empty = (text, ...holds) => make("div", "empty-place", make("p", "", text), ...holds);

/** One of the names `{ja, en}`. */
export const named = (name) => name?.[language] ?? name?.en ?? "";
