// One review: reads it, follows it, and shows one of its places.
//
// What a test can hold on to. Head: `#case-name`, `#state[data-state]`, `#role`, `#present` (a count in words), `#line` (shown while
// nothing is live; `body[data-line]` is on, off or gone), `body[data-ready]`, `body[data-place]`, `body[data-writable]`. Steps: `#step-1`
// to `#step-5`; places by address: `#extract`, `#collect[/CAUSE[/LETTER]]`, `#arrange[/cause/KEY|/events|/open]`, `#diagram[/box/KEY]`,
// `#prevent[/BOX|/measure/KEY]`, `#case`, `#evidence`, `#history`, `#people`, `#practise` (or `?practise`). What steps 4 and 5 and the
// export hold stands in `review-diagram.js`, `review-measure.js` and `review-export.js`. The group: `#group`, `#group-go`, `#group-here`.
// Extract: `.cause[data-key]` in `#chart`, `#mark` (dialog), `#mark-text`, `#mark-save`, `#mark-remove`, `#marked`, `.own-mark[data-cause]`,
// `#done`, `#done-count`, `#collect`, `#collect-confirm`. Collect: `#table` with `tr[data-cause]`, `td[data-column]`; `#reasons` (dialog)
// with `.reason[data-column]`, `#discuss`. Arrange: `.cause-line[data-cause]`, `.cause-panel[data-cause]`, `[data-act=lift]`;
// `#event-add`, `#event-save`, `#events > [data-event]`, `[data-act=up|down]`, `#event-sort`, `#sort-yes`; `#open-add`, `#open-save`.
// An item: `[data-item="kind/key"]` with `[data-act=edit|versions|save|cancel|erase]`, `textarea`, `.elsewhere`. A conflict: `#conflict`,
// `#conflict-theirs`, `#conflict-mine`, `#conflict-merge`, `#conflict-save`, `#conflict-later`. Versions: `#versions`, `[data-version]`,
// `#restore-yes`. Files: `#file-add`, `[data-file]`, `#file-erase-yes`. People: `#people-participants`, `#state-choice`, `#complete-yes`,
// `#invite-make`, `#invite-seats`, `#invite-link`, `#invite-copy`, `#invite-end`, `#leave`, `#leave-yes`. Practise: `#practise-compare`,
// `#compare-both`, `#compare-you`, `#compare-group`, `#practise-again`.
import { keepSeat, seat } from "./board-store.js";
import { $, languages } from "./board-parts.js";
import { saidReading, sender } from "./board-api.js";
import { practisePlace } from "./board-practise.js";
import { arrangePlace } from "./review-arrange.js";
import { casePlace } from "./review-case.js";
import { chartInto } from "./review-chart.js";
import { diagramPlace } from "./review-diagram.js";
import { eventsPlace } from "./review-events.js";
import { evidencePlace } from "./review-evidence.js";
import { exportPlace } from "./review-export.js";
import { groupHead, STEPS } from "./review-group.js";
import { historyPlace } from "./review-history.js";
import { follow } from "./review-live.js";
import { marksPlace } from "./review-marks.js";
import { measurePlace } from "./review-measure.js";
import { causesByKey, itemName } from "./review-names.js";
import { openPlace } from "./review-open.js";
import { peoplePlace } from "./review-people.js";
import { State } from "./review-state.js";
import { showReasons, Table, tablePlace } from "./review-table.js";
import { announce, number, t } from "./text.js";

const PLACES = ["extract", "collect", "arrange", "diagram", "prevent", "case", "evidence", "history", "people", "practise"];
/** Changes by others are told together, so that a busy group does not drown who listens. */
const TELL_MS = 4000;

const show = (view) => { for (const it of document.querySelectorAll("[data-view]")) it.hidden = it.dataset.view !== view; };

function stop(text) {
  $("none-text").textContent = text;
  show("none");
}

async function begin() {
  languages();
  const id = location.pathname.split("/").pop();
  const own = await seat(id).catch(() => null);
  if (!own) return stop(t("no_seat"));
  $("none-again").addEventListener("click", () => location.reload());
  const state = new State(own, sender(own.key));
  try {
    await state.read();
    if (state.name !== own.name || state.role !== own.role) await keepSeat({ ...own, name: state.name, role: state.role }).catch(() => undefined);
    await run(state);
  } catch (problem) {
    if (!problem.code) throw problem;
    const isProgram = own.role === "program" && problem.code === "forbidden";
    if (isProgram) stop(t("seat_program"));
    else stop(problem.status === 401 ? t("seat_unknown") : saidReading(problem));
  }
  return undefined;
}

async function run(state) {
  const causes = causesByKey(state.chart);
  const table = new Table(state);
  const goTo = (to) => { if (location.hash === `#${to}`) route(); else location.hash = to; };
  const head = groupHead(state, goTo);
  const home = $("chart");
  const chart = await chartInto(home, state.api, null);
  const marks = marksPlace(state, chart, goTo);
  const grid = tablePlace(state, table, chart, goTo);
  const arrange = arrangePlace(state, table);
  const evidence = evidencePlace(state, table);
  const past = historyPlace(state);
  const relation = diagramPlace(state, table);
  const measures = measurePlace(state);
  eventsPlace(state);
  openPlace(state);
  casePlace(state);
  exportPlace(state);
  peoplePlace(state);
  let practice = null;
  let dialog = null;
  let before = null;
  // Nothing of the group's is asked for before somebody who practises wants to compare.
  let isTableRead = false;

  function chosen(key) {
    if (before === "collect") goTo(`collect/${key}`);
    else if (before === "practise") practice.choose(key);
    else marks.choose(key);
  }
  chart.listen(chosen);

  /** One chart serves three places, so that its parts stand once in the page. */
  function place(name) {
    const homes = { extract: "extract-chart", collect: "collect-heat", practise: "practise-chart" };
    if (homes[name]) $(homes[name]).append(home);
    if (name === "extract") chart.show({ counts: null, marked: [...marks.marks.keys()] });
    if (name === "collect") chart.show({ counts: state.collected ? table.counts : null, marked: [] });
  }

  function route() {
    const isAsked = PLACES.includes(location.hash.slice(1).split("/")[0]);
    const usual = new URLSearchParams(location.search).has("practise") ? "practise" : STEPS[state.progress.step] ?? "extract";
    const [name, ...rest] = (isAsked ? location.hash.slice(1) : usual).split("/");
    const isNew = name !== before;
    if (name !== "practise" && !isTableRead) {
      isTableRead = true;
      grid.read().then(() => { if (before === "collect") place("collect"); });
    }
    for (const it of document.querySelectorAll("section[data-place]")) it.hidden = it.dataset.place !== name;
    document.body.dataset.place = name;
    const wasFirst = before === null;
    before = name;
    if (dialog?.open) dialog.close();
    if (isNew) place(name);
    if (name === "practise") {
      practice ??= practisePlace(state, table, chart, goTo);
      practice.draw();
    }
    head.show(name);
    evidence.show(name === "evidence");
    past.show(name === "history");
    relation.show(name === "diagram", rest);
    measures.show(name === "prevent", rest);
    let heading = document.querySelector(`section[data-place="${name}"] h2`);
    if (name === "arrange") heading = part(rest) ?? heading;
    if (name === "collect" && causes[rest[0]]) reasons(rest);
    else if (!wasFirst && (isNew || name === "arrange")) {
      heading?.focus({ preventScroll: true });
      if (isNew) scrollTo(0, 0);
      else heading?.scrollIntoView({ block: "nearest" });
    }
  }

  function part([name = "causes", key]) {
    const shown = name === "cause" ? "causes" : name;
    for (const it of document.querySelectorAll("[data-part]")) it.hidden = it.dataset.part !== shown;
    for (const it of document.querySelectorAll("[data-part-link]")) {
      if (it.dataset.partLink === shown) it.setAttribute("aria-current", "page");
      else it.removeAttribute("aria-current");
    }
    return arrange.show(name === "cause" ? key : null);
  }

  async function reasons([key, letter]) {
    if (!state.collected) return;
    if (!table.columns.length) await table.read().catch(() => undefined);
    dialog = showReasons(state, table, causes[key], letter, goTo, () => {
      if (location.hash.startsWith("#collect/")) history.replaceState(null, "", "#collect");
    });
  }

  state.on("counts", () => { if (before === "collect") place("collect"); });
  state.on("case/name", () => { if (!home.contains(document.activeElement)) chart.read().then(() => place(before)).catch(() => undefined); });
  tellOthers(state, causes);
  addEventListener("hashchange", route);
  $("to-practise").addEventListener("click", () => goTo("practise"));
  for (const it of document.querySelectorAll("#print, [data-print]")) it.addEventListener("click", () => print());
  route();
  show("review");
  document.body.dataset.ready = "";
  follow(state);
}

/** Says quietly what others changed. */
function tellOthers(state, causes) {
  let waiting = [];
  let timer = 0;
  state.on("*", (item) => {
    if (!item.isElsewhere || item.kind === "lift") return;
    waiting.push(item);
    timer ||= setTimeout(() => {
      timer = 0;
      announce(waiting.length === 1 ? t("changed_live", { name: itemName(waiting[0], causes, state) }) : t("changed_live_n", { n: number(waiting.length) }));
      waiting = [];
    }, TELL_MS);
  });
  state.on("table", (change) => { if (change) announce(t("collected_live")); });
}

begin();
