// Several reviews of one chart beside each other: where it fails again and again, and over which years.
//
// What a test can hold on to: `#compare-chart`, `#compare-reviews input[value=ID]`, `#compare-table tr[data-cause]`, `#compare-by`,
// `body[data-ready]`.
import { seats } from "./board-store.js";
import { $, choice, languages, named, select, tell } from "./board-parts.js";
import { sender } from "./board-api.js";
import { chartInto } from "./review-chart.js";
import { chartRows } from "./review-names.js";
import { announce, make, number, t } from "./text.js";

/** The picture is one review's; what is summed on it is not that review alone. */
function untitled(place) {
  for (const title of place.querySelectorAll(".mandala .title")) title.textContent = "";
  for (const picture of place.querySelectorAll("svg.mandala")) picture.setAttribute("aria-label", t("compare_years"));
}

/** Those without a year come last. */
const LAST_YEAR = "9999";

/** What is compared of a seat's review, or `null` if it cannot be read now. */
async function read(seat) {
  const api = sender(seat.key);
  try {
    const told = await api.send("GET", "/v1/review");
    const table = await api.send("GET", "/v1/review/table");
    const body = (key) => told.items.find((it) => it.kind === "case" && it.key === key)?.body;
    const counts = Object.fromEntries(Object.entries(table.causes).map(([key, letters]) => [key, letters.length]));
    const year = /^\d{4}/.exec(body("date")?.text.trim().normalize("NFKC") ?? "")?.[0] ?? "";
    return { id: seat.id, api, chart: told.chart, name: body("name")?.text ?? seat.name, year, counts, isCollected: table.collected > 0 };
  } catch {
    return null;
  }
}

const total = (reviews, key) => reviews.reduce((sum, it) => sum + (it.counts[key] ?? 0), 0);

async function begin() {
  languages();
  const own = await seats().catch(() => []);
  const all = (await Promise.all(own.map(read))).filter((it) => it !== null);
  if (all.length < own.length) tell($("compare-told"), t("compare_unread", { n: number(own.length - all.length) }), "bad");
  const usable = all.filter((it) => it.isCollected);
  document.body.dataset.ready = "";
  $("compare-empty").hidden = usable.length > 0;
  if (!usable.length) return;
  const charts = new Map();
  for (const it of usable) if (!(charts.get(it.chart.key)?.version > it.chart.version)) charts.set(it.chart.key, it.chart);
  const chosen = select([...charts.values()].map((it) => [it.key, named(it.name)]), "");
  $("compare-chart").replaceChildren(...chosen.children);
  $("compare-chart").selectedIndex = 0;
  $("compare").hidden = false;
  $("compare-chart").addEventListener("change", () => chart());
  let by = "review";
  let picture = null;
  let checks = [];

  async function chart() {
    const key = $("compare-chart").value;
    const byYear = (a, b) => (a.year || LAST_YEAR).localeCompare(b.year || LAST_YEAR) || a.name.localeCompare(b.name);
    const some = usable.filter((it) => it.chart.key === key).sort(byYear);
    checks = some.map((it) => {
      const input = make("input");
      Object.assign(input, { type: "checkbox", value: it.id, checked: true });
      input.addEventListener("change", draw);
      return { input, it };
    });
    const said = (it) => (it.year ? t("named_year", { name: it.name, year: it.year }) : it.name);
    const labels = checks.map(({ input, it }) => make("label", "check", input, make("span", "", said(it))));
    $("compare-reviews").replaceChildren($("compare-reviews").firstElementChild, ...labels);
    // The pictures of whichever has the newest version of the chart.
    const newest = some.reduce((best, it) => (it.chart.version > best.chart.version ? it : best));
    const place = make("div");
    place.id = "chart";
    $("chart").replaceWith(place);
    picture = null;
    await chartInto(place, newest.api, null).then((it) => { picture = it; untitled(place); }, () => tell($("compare-told"), t("picture_unread"), "bad"));
    draw();
  }

  function draw() {
    const some = checks.filter(({ input }) => input.checked).map(({ it }) => it);
    const shown = charts.get($("compare-chart").value);
    const rows = chartRows(shown);
    const columns = by === "review"
      ? some.map((it) => ({ name: it.name, year: it.year, of: [it] }))
      : [...new Set(some.map((it) => it.year))].map((year) => ({ name: year || t("year_unknown"), of: some.filter((it) => it.year === year) }));
    const cell = (text, className, scope) => { const th = make("th", className, ...[text].flat()); th.scope = scope; return th; };
    const heads = columns.map((it) => cell([make("span", "", it.name), it.year ? make("span", "small", it.year) : null].filter(Boolean), "name-head", "col"));
    const line = (row) => {
      if (row.level !== "cause") {
        const th = cell(make("span", "", row.name), "", "colgroup");
        th.colSpan = columns.length + 2;
        return make("tr", `head-row ${row.level}`, th);
      }
      const sum = total(some, row.key);
      const cells = columns.map((it) => { const n = total(it.of, row.key); return make("td", n ? "has" : "none", n ? number(n) : "·"); });
      const tr = make("tr", `cause-row${sum ? "" : " none"}`, cell(row.name, "first", "row"), make("td", "count-cell", make("span", "", number(sum))), ...cells);
      tr.dataset.cause = row.key;
      return tr;
    };
    const head = make("tr", "", cell(t("cause"), "first", "col"), cell(t("voices_head"), "count-head", "col"), ...heads);
    const body = make("tbody", "", ...rows.map(line));
    const table = make("table", "marks-table", make("caption", "unseen", t("compare_years")), make("thead", "", head), body);
    const box = make("div", "table-box", table);
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", t("compare_years"));
    const ways = choice(t("compare_by"), [["review", t("compare_by_review")], ["year", t("compare_by_year")]], by, (to) => { by = to; draw(); }, true);
    ways.id = "compare-by";
    const had = $("compare-table").contains(document.activeElement);
    $("compare-table").replaceChildren(ways, box);
    if (had) $("compare-table").querySelector("input:checked")?.focus();
    picture?.show({ counts: Object.fromEntries(rows.filter((it) => it.level === "cause").map((it) => [it.key, total(some, it.key)])) });
    announce(t("compare_summed", { n: number(some.length) }));
  }

  await chart();
}

begin();
