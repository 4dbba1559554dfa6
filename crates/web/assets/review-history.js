// Everything that was changed in the review, newest first, with the way to each item's versions. It says what and when, never who.
import { $, button, empty, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { howOf } from "./review-how.js";
import { causesByKey, itemName } from "./review-names.js";
import { showVersions } from "./review-versions.js";
import { make, moment, number, t, word } from "./text.js";

/** Kinds whose versions are worth a look. */
const READ = new Set(["case", "why", "why_not", "discussion", "event", "open", "comment", "node", "arrow", "true_cause", "measure", "result"]);

export function historyPlace(state) {
  const causes = causesByKey(state.chart);
  const list = make("ol", "history plain");
  list.id = "history";
  const told = teller();
  const more = button(t("history_more"), "secondary", () => read(last), "history-more");
  let last = Infinity;
  let isOpen = false;

  function said(change) {
    if (change.kind === "table") return t("history_collected", { n: number(change.body?.columns ?? 0) });
    if (change.kind === "progress") return t("history_progress", { state: word("state", change.body?.state ?? "open"), step: word("step", String(change.body?.step ?? 1)) });
    const name = itemName(change, causes, state);
    if (change.body === null) return t("history_erased", { name });
    return change.version === 1 ? t("history_added", { name }) : t("history_changed", { name });
  }

  function one(change) {
    const { kind, key } = change;
    const look = () => showVersions(state, kind, key, itemName({ ...change, body: change.body ?? state.body(kind, key) }, causes, state), howOf(state, kind));
    const past = READ.has(kind) ? button(t("versions"), "text", look) : null;
    past?.setAttribute("aria-label", `${t("versions")}: ${itemName(change, causes, state)}`);
    const at = make("time", "small", moment(change.at));
    at.dateTime = change.at;
    const item = make("li", "change", make("div", "", make("span", "", said(change)), at), past);
    item.dataset.number = change.number;
    return item;
  }

  async function read(before) {
    more.disabled = true;
    try {
      const from = Number.isFinite(before) ? before : state.number + 1;
      const { items } = await state.api.send("GET", `/v1/review/changes?before=${from}`);
      if (!Number.isFinite(before)) list.replaceChildren();
      list.append(...items.map(one));
      last = items.at(-1)?.number ?? 0;
      more.hidden = items.length < 100;
      nothing.hidden = list.children.length > 0;
      tell(told, "");
    } catch (problem) {
      tell(told, saidReading(problem), "bad");
    }
    more.disabled = false;
  }

  const nothing = empty(t("history_empty"));
  nothing.hidden = true;
  $("history-place").append(told, nothing, list, more);
  let waiting;
  for (const name of ["*", "table"]) state.on(name, () => {
    if (!isOpen) return;
    clearTimeout(waiting);
    // Not under the hands of whoever walks the list.
    waiting = setTimeout(() => { if (!list.contains(document.activeElement)) read(Infinity); }, 800);
  });
  return { show(is) { isOpen = is; if (is) read(Infinity); } };
}
