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

/** What every place does with a problem: the session is gone, or the connection is. */
export function trouble(problem) {
  if (problem.status === 401) gone();
  else if (problem.status === 0 || problem.status >= 500) connection(problem);
}
