// Words, amounts and times in the page's language. The catalogue stands in the page itself.
const words = JSON.parse(document.getElementById("texts").textContent);
export const language = document.documentElement.lang;
const locale = language === "ja" ? "ja-JP" : "en-GB";

/** The words of a name, its gaps filled. */
export function t(name, gaps = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (gap, key) => gaps[key] ?? gap);
}

/** The words of one of a family; those of `other` where it has none for this one. */
export function word(family, name) {
  return words[`${family}.${name}`] ?? words[`${family}.other`] ?? name;
}

const numbers = new Intl.NumberFormat(locale);
const dates = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric" });
const fullDates = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", day: "numeric" });
const moments = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium" });
const months = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long" });

export const number = (amount) => numbers.format(amount);
export const yen = (amount) => `¥${numbers.format(amount)}`;
export const points = (amount) => t("points_n", { n: numbers.format(amount) });
export const date = (at) => (new Date(at).getFullYear() === new Date().getFullYear() ? dates : fullDates).format(new Date(at));
export const moment = (at) => moments.format(new Date(at));
export const time = (at) => exact.format(new Date(at));
export const month = (at) => months.format(new Date(at));

/** Shows an amount in an element, the sign slightly smaller than the figures. */
export function showYen(element, amount, sign = "") {
  const mark = document.createElement("span");
  mark.className = "yen";
  mark.textContent = `${sign}¥`;
  element.replaceChildren(mark, number(Math.abs(amount)));
}

/** An element with a class and what it holds. */
export function make(name, className, ...holds) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...holds.filter((it) => it !== null && it !== undefined));
  return element;
}

/** A sign of the page, by its id. */
export function sign(id) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#${id}`);
  svg.append(use);
  return svg;
}

/** Tells a screen reader, without moving the focus. */
export function announce(text, urgent = false) {
  const place = document.getElementById(urgent ? "alarm" : "announce");
  place.textContent = "";
  setTimeout(() => { place.textContent = text; }, 50);
}
