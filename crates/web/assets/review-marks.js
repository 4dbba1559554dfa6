// The first step: going round the mandala and marking every cause that may apply, each with a reason. Seen by nobody until collected.
import { draft } from "./board-store.js";
import { $, button, confirmed, dialog, empty, longText, tell } from "./board-parts.js";
import { saidReading, saidWriting } from "./board-api.js";
import { editor } from "./review-editor.js";
import { statements } from "./review-item.js";
import { basisBadge } from "./review-statement.js";
import { causesByKey } from "./review-names.js";
import { announce, make, number, t } from "./text.js";

/** With fewer people than this, letters hide nobody. */
const HIDDEN_FROM = 3;

/** The own marks, `{cause: {version, body, is_collected}}`, and what is done with them. */
export function marksOf(state, changed) {
  const marks = new Map();
  const how = statements(state, { label: t("mark_reason"), hint: t("mark_reason_hint"), id: "mark-text", rows: 5, isOptional: true });
  const causes = causesByKey(state.chart);
  const draftName = (cause) => `${state.id}:mark/${cause}`;

  async function read() {
    const { items } = await state.api.send("GET", "/v1/review/marks");
    marks.clear();
    for (const { cause, ...mark } of items) marks.set(cause, mark);
    changed();
  }

  async function send(cause, body, version) {
    const path = `/v1/review/marks/${cause}`;
    try {
      if (body === null) {
        await state.api.send("DELETE", `${path}?version=${version}`);
        marks.delete(cause);
      } else {
        const told = await state.api.send("PUT", path, { version, body });
        marks.set(cause, { version: told.version, body, is_collected: false });
      }
    } catch (problem) {
      const current = problem.code === "changed_meanwhile" ? problem.told?.current : null;
      const isThere = current && JSON.stringify(current.body) === JSON.stringify(body);
      if (isThere) {
        if (body === null) marks.delete(cause);
        else marks.set(cause, { version: current.version, body, is_collected: false });
      } else if (current?.body === null && body && version !== current.version && !marks.get(cause)) {
        // A mark that was removed before counts on.
        return send(cause, body, current.version);
      } else {
        throw problem;
      }
    }
    changed();
    return undefined;
  }

  /** Opens the form of a cause's mark. */
  function open(cause) {
    const it = causes[cause];
    const base = marks.get(cause) ?? { version: 0, body: null };
    const form = editor({
      name: draftName(cause), base, how, saveId: "mark-save",
      write: (body, version) => send(cause, body, version),
      done: (body) => {
        if (body !== undefined) announce(t("marked", { n: number(marks.size) }));
        element.close();
      },
    });
    if (base.body) {
      const away = button(t("mark_remove"), "text danger", () => form.erase(), "mark-remove");
      form.element.lastChild.append(away);
    }
    const { element, closed } = dialog({
      id: "mark", title: it.name, close: "",
      holds: [make("p", "small", [it.region, it.group].filter(Boolean).join(" › ")), make("p", "private", t("mark_private")), form.element],
    });
    element.dataset.cause = cause;
    form.focus();
    closed.then(changed);
  }

  const drafts = () => Object.keys(causes).filter((cause) => !marks.has(cause) && draft(draftName(cause)));
  return { marks, read, open, drafts };
}

/** The place of the first step. */
export function marksPlace(state, chart, goTo) {
  const causes = causesByKey(state.chart);
  const own = make("ul", "own-marks plain");
  const count = make("p", "count-line");
  count.id = "marked";
  count.setAttribute("role", "status");
  const told = $("marks-told");
  const nothing = empty(t("marks_empty"));
  const mine = make("section", "own stack", make("h3", "", t("marks_own")), nothing, own);
  const tool = marksOf(state, draw);

  function draw() {
    const keys = [...tool.marks.keys()];
    chart.show({ marked: keys });
    count.textContent = t("marked", { n: number(keys.length) });
    const order = Object.keys(causes).filter((key) => tool.marks.has(key));
    own.replaceChildren(...order.map((key) => row(key, tool.marks.get(key))), ...tool.drafts().map((key) => row(key, null)));
    nothing.hidden = own.children.length > 0;
  }

  function row(key, mark) {
    const open = state.mayWrite ? button(mark ? t("edit") : t("draft_go_on"), "text for-writers", () => tool.open(key)) : null;
    open?.setAttribute("aria-label", `${open.textContent}: ${causes[key].name}`);
    const said = mark ? reason(mark) : [make("p", "small draft", t("draft_waits"))];
    const item = make("li", "own-mark", make("div", "", make("b", "", causes[key].name), ...said), open);
    item.dataset.cause = key;
    return item;
  }

  function reason({ body, is_collected: isCollected }) {
    const text = body.text ? longText(body.text) : make("p", "small", t("text_none"));
    return [basisBadge(body.basis), text, isCollected ? null : make("span", "small", t("mark_not_collected"))];
  }

  function choose(key) {
    if (state.mayWriteNow) tool.open(key);
    else if (state.collected) goTo(`collect/${key}`);
    else announce(state.progress.state === "complete" ? t("write_complete") : t("reader_waits"));
  }

  if (state.mayWrite) {
    const isDone = make("input");
    Object.assign(isDone, { type: "checkbox", id: "done", checked: state.isDone });
    isDone.setAttribute("role", "switch");
    isDone.addEventListener("change", async () => {
      isDone.disabled = true;
      try {
        await state.api.send("PUT", "/v1/review/done", { is_done: isDone.checked });
        state.isDone = isDone.checked;
        announce(isDone.checked ? t("done_said") : t("done_unsaid"));
        tell(told, "");
      } catch (problem) {
        isDone.checked = state.isDone;
        tell(told, saidWriting(problem), "bad");
      }
      isDone.disabled = false;
      isDone.focus();
    });
    const label = make("label", "switch", isDone, make("span", "", t("done")));
    $("marks-tools").append(count, make("div", "for-writers", label));
    $("marks-own").append(mine);
  }
  if (state.mayLead) $("marks-tools").after(leading(state, goTo));
  const again = () => { if (state.mayWrite) tool.read().catch(() => undefined); };
  state.on("table", again);
  // With a complete review the marks of each seat are gone.
  state.on("progress/*", again);
  if (state.mayWrite) tool.read().catch((problem) => tell(told, saidReading(problem), "bad"));
  return { choose, draw, marks: tool.marks };
}

/** What the facilitator has in the first step: how many are done, and the collection. */
function leading(state, goTo) {
  const done = make("p", "");
  done.id = "done-count";
  const told = make("p", "told");
  told.setAttribute("role", "status");
  const collect = button("", "primary", ask, "collect");
  const draw = () => {
    done.textContent = t("done_of", { m: number(state.people.done ?? 0), n: number(state.markers) });
    collect.textContent = state.collected ? t("collect_again") : t("collect");
  };

  async function ask() {
    const few = state.markers < HIDDEN_FROM ? [make("p", "notice warn", t("collect_few"))] : [];
    const again = state.collected ? [t("collect_again_text")] : [];
    const texts = [t("collect_text"), t("done_of", { m: number(state.people.done ?? 0), n: number(state.markers) }), ...again, ...few];
    const isSure = await confirmed({ id: "collect-dialog", title: t("collect_title"), texts, yes: t("collect_yes"), yesId: "collect-confirm" });
    if (!isSure) return;
    collect.disabled = true;
    tell(told, t("collecting"));
    try {
      const { columns, number: at } = await state.api.send("POST", "/v1/review/collection", {});
      state.change({ kind: "table", number: at, body: { columns } });
      if (state.progress.step === 1) await state.goOn({ step: 2 }).catch(() => undefined);
      tell(told, "");
      announce(t("collected_n", { n: number(columns) }));
      goTo("collect");
    } catch (problem) {
      tell(told, problem.code === "invalid_request" ? t("collect_nothing") : saidWriting(problem), "bad");
    }
    collect.disabled = false;
  }

  state.on("people", draw);
  state.on("table", draw);
  draw();
  return make("div", "leading for-writers", make("div", "", done, told), collect);
}
