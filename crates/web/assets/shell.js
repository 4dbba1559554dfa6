// What every place shares: telling whether what is shown can be believed, and what to do when the session is gone.
import { t } from "./text.js";

let gone = () => undefined;

/** What is to be done when the server does not know the session any more. */
export function whenGone(act) { gone = act; }

/** Tells whether what is shown can be believed. */
export function connection(problem) {
  const banner = document.getElementById("banner");
  const text = !problem ? "" : problem.status === 0 ? t("offline") : t("unavailable");
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = !text;
}

// Somebody is not known any more. A passkey that is not believed is a 401 too, and ends nothing.
const GONE = ["unauthorized", "no_key"];

/** What every place does with a problem: the session is gone, or the connection is. */
export function trouble(problem) {
  if (problem.status === 401 && GONE.includes(problem.code)) gone();
  else if (problem.status === 0 || problem.status >= 500) connection(problem);
}
