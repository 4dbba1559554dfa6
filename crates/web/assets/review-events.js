// The time line: what happened, in its order, with the time as far as it is known. Moved by hand, by keyboard or by date.
import { $, button, confirmed, empty, tell, teller } from "./board-parts.js";
import { saidWriting } from "./board-api.js";
import { eventHow } from "./review-event-form.js";
import { itemBox } from "./review-item.js";
import { sortable } from "./review-names.js";
import { adder, commentsPlace } from "./review-plain.js";
import { dragged } from "./review-drag.js";
import { same } from "./review-state.js";
import { announce, make, number, t } from "./text.js";

/** Between two neighbours there is room for twenty others. */
const GAP = 2 ** 20;
const RANK_MAX = 2 ** 52;

const inOrder = (a, b) => a.body.rank - b.body.rank || (a.key < b.key ? -1 : 1);

export function eventsPlace(state) {
  const place = $("arrange-events");
  const list = make("ol", "events");
  list.id = "events";
  const told = teller("events-told");
  const nothing = empty(state.mayWrite ? t("events_empty") : t("events_none"));
  const rows = new Map();
  const sorted = () => state.all("event").sort(inOrder);

  /** Where something new goes: behind what was before it, as far as times are known. */
  function rankOf(when) {
    const all = sorted();
    const time = sortable(when);
    const next = time === null ? -1 : all.findIndex((it) => (sortable(it.body.when) ?? "") > time);
    if (next < 0) return (all.at(-1)?.body.rank ?? 0) + GAP;
    const [before, after] = [all[next - 1]?.body.rank ?? 0, all[next].body.rank];
    return before < after ? Math.floor((before + after) / 2) : after;
  }

  const how = eventHow(state, rankOf);

  /** A place in the order that others changed is kept by whoever changes the words. */
  const put = (key) => async (body, version, before) => {
    try {
      await state.put("event", key, body, version);
    } catch (problem) {
      const current = problem.code === "changed_meanwhile" && problem.told?.current;
      const isMoveOnly = current?.body && before && same({ ...current.body, rank: 0 }, { ...before, rank: 0 });
      if (!isMoveOnly) throw problem;
      await state.put("event", key, { ...body, rank: current.body.rank }, current.version);
    }
  };

  function row(key) {
    const box = itemBox(state, { kind: "event", key, label: t("event"), how: { ...how, write: put(key) } });
    const up = button("↑", "text move", () => step(key, -1));
    const down = button("↓", "text move", () => step(key, 1));
    up.setAttribute("aria-label", t("move_up"));
    down.setAttribute("aria-label", t("move_down"));
    Object.assign(up.dataset, { act: "up" });
    Object.assign(down.dataset, { act: "down" });
    const handle = make("span", "handle", "⠿");
    handle.setAttribute("aria-hidden", "true");
    const moves = state.mayWrite ? make("div", "moves for-writers", handle, up, down) : null;
    const summary = make("summary", "");
    const counted = (n) => { summary.textContent = t("comments_n", { n: number(n) }); };
    const talk = make("details", "quiet", summary, commentsPlace(state, `event/${key}`, { level: 5, counted }));
    const item = make("li", "event", moves, make("div", "event-body", box, talk));
    item.dataset.event = key;
    return item;
  }

  function draw() {
    const all = sorted();
    for (const [key, item] of rows) if (!all.some((it) => it.key === key)) { item.remove(); rows.delete(key); }
    const had = list.contains(document.activeElement) ? document.activeElement : null;
    let moved = false;
    all.forEach(({ key }, at) => {
      if (!rows.has(key)) rows.set(key, row(key));
      if (list.children[at] === rows.get(key)) return;
      list.insertBefore(rows.get(key), list.children[at] ?? null);
      moved = true;
    });
    if (had && moved) had.focus({ preventScroll: true });
    nothing.hidden = all.length > 0;
    byDate.hidden = all.length < 2;
  }

  async function move(key, to) {
    const all = sorted();
    const from = all.findIndex((it) => it.key === key);
    if (from < 0 || to < 0 || to >= all.length || to === from || !state.mayWriteNow) return draw();
    const [one] = all.splice(from, 1);
    all.splice(to, 0, one);
    const before = all[to - 1]?.body.rank ?? 0;
    const after = all[to + 1]?.body.rank ?? before + 2 * GAP;
    const rank = Math.floor((before + after) / 2);
    try {
      if (rank > before && rank < after && rank < RANK_MAX) await state.patch("event", key, { rank });
      else await renumber(all);
      tell(told, "");
      announce(t("moved", { n: number(to + 1), of: number(all.length) }));
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
    return draw();
  }

  const step = (key, by) => move(key, sorted().findIndex((it) => it.key === key) + by);

  /** Gives every event of a list its rank anew, where it is another. */
  async function renumber(all) {
    for (const [at, it] of all.entries()) {
      const rank = (at + 1) * GAP;
      if (it.body.rank !== rank) await state.patch("event", it.key, { rank });
    }
  }

  async function sortByDate() {
    const all = sorted();
    // What has no time stays behind what it stands behind.
    let last = "";
    const timed = all.map((it, at) => ({ it, at, time: (last = sortable(it.body.when) ?? last) }));
    const wanted = timed.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : a.at - b.at)).map(({ it }) => it);
    if (wanted.every((it, at) => it.key === all[at].key)) return tell(told, t("sorted_already"), "good");
    const isSure = await confirmed({ id: "sort", title: t("sort_title"), texts: [t("sort_text")], yes: t("sort_by_date"), yesId: "sort-yes" });
    if (!isSure) return undefined;
    try {
      await renumber(wanted);
      tell(told, t("sorted"), "good");
    } catch (problem) {
      tell(told, saidWriting(problem), "bad");
    }
    return undefined;
  }

  const byDate = button(t("sort_by_date"), "secondary for-writers", sortByDate, "event-sort");
  list.addEventListener("keydown", (event) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    const key = event.target.closest("[data-event]")?.dataset.event;
    if (!key || event.target.closest("textarea, input, select")) return;
    event.preventDefault();
    step(key, event.key === "ArrowUp" ? -1 : 1);
  });
  if (state.mayWrite) dragged(list, (item, to) => move(item.dataset.event, to));
  const about = make("p", "small", state.mayWrite ? t("events_how") : t("events_read"));
  place.replaceChildren(make("h3", "", t("events_title")), about, told, nothing, list);
  const form = { name: "event", text: t("event_add"), how, kind: "event", id: "event-add", saveId: "event-save" };
  if (state.mayWrite) place.append(make("div", "row", adder(state, form), byDate));
  state.on("event/*", draw);
  draw();
}
