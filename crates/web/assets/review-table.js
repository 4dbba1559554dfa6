// The second step: everybody's marks in one table, a column a person, under letters that say nothing of who it was.
import { $, button, choice, dialog, empty, tell } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { statementView } from "./review-statement.js";
import { chartRows } from "./review-names.js";
import { make, number, t } from "./text.js";

/** At most this many voices are few: shown with an outline, never dropped. */
export const FEW = 2;

/** The table as it was collected last, and the reasons in it. */
export class Table {
  columns = [];
  causes = {};
  #reasons = new Map();

  constructor(state) { this.state = state; }

  async read() {
    const { columns, causes } = await this.state.api.send("GET", "/v1/review/table");
    this.#reasons.clear();
    Object.assign(this, { columns, causes });
  }

  voices(cause) { return this.causes[cause]?.length ?? 0; }
  get counts() { return Object.fromEntries(Object.entries(this.causes).map(([key, letters]) => [key, letters.length])); }

  /** Whether a cause is of a kind: `all`, `marked`, `few`, `none`. */
  isOf(kind, cause) {
    const n = this.voices(cause);
    return { all: true, marked: n > 0, few: n > 0 && n <= FEW, none: n === 0 }[kind];
  }

  /** Why those who chose a cause did, `[{column, body}]`. */
  reasons(cause) {
    if (!this.voices(cause)) return Promise.resolve([]);
    if (!this.#reasons.has(cause)) {
      const asked = this.state.api.send("GET", `/v1/review/table/${cause}`).then((told) => told.items);
      this.#reasons.set(cause, asked);
      asked.catch(() => this.#reasons.delete(cause));
    }
    return this.#reasons.get(cause);
  }
}

/** The reasons of a cause as a list, filled when they come. */
export function reasonsList(state, table, cause) {
  const list = make("ol", "reasons plain", make("li", "small", t("loading")));
  table.reasons(cause).then((items) => {
    list.replaceChildren(...items.map(({ column, body }) => {
      const letter = make("span", "letter", column);
      letter.setAttribute("aria-label", t("person_n", { letter: column }));
      letter.setAttribute("role", "img");
      const item = make("li", "reason", letter, statementView(state, body));
      item.dataset.column = column;
      return item;
    }));
    if (!items.length) list.replaceChildren(make("li", "small", t("reasons_none")));
  }, (problem) => list.replaceChildren(make("li", "told", saidReading(problem))));
  return list;
}

export function filterChoice(value, changed) {
  return choice(t("filter"), [["all", t("filter_all")], ["marked", t("filter_marked")], ["few", t("filter_few")], ["none", t("filter_none")]], value, changed, true);
}

/** Only those rows whose cause is shown, with the heads that still have some. */
export function filteredRows(rows, isShown) {
  const kept = [];
  let heads = [];
  for (const row of rows) {
    if (row.level === "region") heads = [row];
    else if (row.level === "group") heads = [...heads.filter((it) => it.level === "region"), row];
    else if (isShown(row.key)) {
      kept.push(...heads, row);
      heads = [];
    }
  }
  return kept;
}

/** The place of the second step. */
export function tablePlace(state, table, chart, goTo) {
  const place = $("table");
  const rows = chartRows(state.chart);
  let filter = "all";
  const box = make("div", "table-box");
  Object.assign(box, { tabIndex: 0 });
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", t("table_name"));
  const count = make("p", "small");
  count.setAttribute("role", "status");

  function head() {
    const cell = (text, className) => { const th = make("th", className, text); th.scope = "col"; return th; };
    const letters = table.columns.map((letter) => {
      const th = cell(letter, "letter-head");
      th.setAttribute("aria-label", t("person_n", { letter }));
      return th;
    });
    return make("thead", "", make("tr", "", cell(t("cause"), "first"), cell(t("voices_head"), "count-head"), ...letters));
  }

  function line(row) {
    if (row.level !== "cause") {
      const th = make("th", "", make("span", "", row.name));
      th.colSpan = table.columns.length + 2;
      th.scope = "colgroup";
      return make("tr", `head-row ${row.level}`, th);
    }
    const letters = new Set(table.causes[row.key]);
    const n = letters.size;
    const name = button(row.name, "cause-name", () => goTo(`collect/${row.key}`));
    const th = make("th", "first", name);
    th.scope = "row";
    const lifted = state.body("lift", row.key)?.is_lifted;
    const cells = table.columns.map((letter) => {
      const is = letters.has(letter);
      const sign = is ? make("span", "dot", "●") : null;
      sign?.setAttribute("aria-hidden", "true");
      const td = make("td", is ? "has" : "", sign, is ? make("span", "unseen", t("chosen_by", { letter })) : null);
      if (is) td.dataset.column = letter;
      return td;
    });
    const count = make("td", "count-cell", make("span", "", number(n)), lifted ? make("span", "lifted", ` ${t("lifted_short")}`) : null);
    const tr = make("tr", `cause-row${n > 0 && n <= FEW ? " few" : ""}${n ? "" : " none"}`, th, count, ...cells);
    tr.dataset.cause = row.key;
    return tr;
  }

  function draw() {
    if (!state.collected) {
      const how = state.mayLead ? [t("table_empty_lead"), button(t("go_step_1"), "secondary", () => goTo("extract"))] : [t("table_empty")];
      place.replaceChildren(empty(...how));
      $("collect-heat").hidden = true;
      return;
    }
    $("collect-heat").hidden = false;
    const shown = filteredRows(rows, (key) => table.isOf(filter, key));
    const grid = make("table", "marks-table", make("caption", "unseen", t("table_name")), head(), make("tbody", "", ...shown.map(line)));
    // Whoever walks the table by keyboard stays where they are.
    const at = document.activeElement?.closest?.("#table [data-cause]")?.dataset.cause;
    box.replaceChildren(grid);
    count.textContent = t("table_count", { n: number(shown.filter((it) => it.level === "cause").length), people: number(table.columns.length) });
    if (!shown.length) box.replaceChildren(make("p", "small", t("filter_nothing")));
    if (!box.isConnected) place.replaceChildren(make("div", "row between", filterChoice(filter, (to) => { filter = to; draw(); }), count), box);
    if (at) box.querySelector(`[data-cause="${CSS.escape(at)}"] button`)?.focus({ preventScroll: true });
  }

  box.addEventListener("click", ({ target }) => {
    const cell = target.closest("td.has");
    if (cell) goTo(`collect/${cell.closest("[data-cause]").dataset.cause}/${cell.dataset.column}`);
  });

  async function read() {
    if (!state.collected) return draw();
    try {
      await table.read();
      draw();
      chart.show({});
      state.emit("counts");
    } catch (problem) {
      const told = make("p", "told");
      place.replaceChildren(told);
      tell(told, saidReading(problem), "bad");
    }
    return undefined;
  }

  state.on("table", read);
  state.on("lift/*", draw);
  return { read, draw };
}

/** Opens the reasons of a cause; `letter` is whose to begin with. */
export function showReasons(state, table, cause, letter, goTo, ended) {
  const n = table.voices(cause.key);
  const list = reasonsList(state, table, cause.key);
  const discuss = button(t("discuss"), "secondary", () => { element.close(); goTo(`arrange/cause/${cause.key}`); }, "discuss");
  const { element, closed } = dialog({
    id: "reasons", title: cause.name,
    holds: [
      make("p", "small", [cause.region, cause.group].filter(Boolean).join(" › ")),
      make("p", "", n ? t("voices_n", { n: number(n) }) : t("reasons_none_yet")), list, make("div", "row", discuss),
    ],
  });
  element.dataset.cause = cause.key;
  table.reasons(cause.key).then(() => {
    const one = letter && list.querySelector(`[data-column="${CSS.escape(letter)}"]`);
    one?.classList.add("sought");
    one?.scrollIntoView({ block: "nearest" });
  }, () => undefined);
  closed.then(ended);
  return element;
}
