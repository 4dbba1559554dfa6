// Which measures are late or to be reminded of, by the day of this place; counted on the step, so that it is seen from everywhere.
import { $ } from "./board-parts.js";
import { language, make, number, t } from "./text.js";

const HOUR_MS = 3600000;
const format = new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB", { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });

/** Today as `2026-11-22`, here. */
export function today() {
  const now = new Date();
  return `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, "0")}-${String(now.getDate()).padStart(2, "0")}`;
}

/** This minute as `2026-11-22T10:05`, here. */
export const thisMinute = () => `${today()}T${String(new Date().getHours()).padStart(2, "0")}:${String(new Date().getMinutes()).padStart(2, "0")}`;

export const dayText = (day) => format.format(Date.parse(`${day}T00:00Z`));

const isPending = ({ state }) => state !== "done" && state !== "dropped";
export const isLate = (body) => isPending(body) && body.due !== "" && body.due < today();
export const isToRemind = (body) => isPending(body) && body.remind !== "" && body.remind <= today();

/** Counts on the step's tab what is late or to be reminded of. `turned()` hears that the day may be another. */
export function countDue(state, turned) {
  const mark = $("step-5").querySelector(".due-mark");
  function draw() {
    const n = state.all("measure").filter(({ body }) => isLate(body) || isToRemind(body)).length;
    const sign = make("span", "", `! ${number(n)}`);
    sign.setAttribute("aria-hidden", "true");
    mark.replaceChildren(...(n ? [sign, make("span", "unseen", t("due_n", { n: number(n) }))] : []));
    mark.dataset.count = n;
  }
  state.on("measure/*", draw);
  draw();
  let day = today();
  const look = () => {
    if (day === today()) return;
    day = today();
    draw();
    turned();
  };
  setInterval(look, HOUR_MS);
  document.addEventListener("visibilitychange", look);
}
