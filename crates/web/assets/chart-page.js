// The charts of causes: what each says, and its text, to be written anew as the next version. Versions that reviews use stay as they are.
//
// What a test can hold on to: `#charts [data-chart]` (`key/version`), `#chart-toml`, `#chart-file`, `#chart-save`, `#chart-told`,
// `#chart-list`, `body[data-ready]`.
import { freshKey, seats } from "./board-store.js";
import { $, languages, named, tell } from "./board-parts.js";
import { saidReading, saidWriting, sender } from "./board-api.js";
import { announce, make, number, t } from "./text.js";

const BYTES_MAX = 65536;
const VERSION = /^(\s*version\s*=\s*)\d+/m;
const KEY = /^\s*key\s*=\s*["']([a-z0-9-]+)["']/m;

const open = sender("");
let all = [];
let shown = null;
let mayBegin = false;

/** The number that a chart's next version has. */
const nextOf = (key) => 1 + Math.max(0, ...all.filter((it) => it.key === key).map((it) => it.version));

/** A chart's text with the number of its next version. */
function asNext(toml, next = nextOf(KEY.exec(toml)?.[1] ?? "")) {
  return VERSION.test(toml) ? toml.replace(VERSION, `$1${next}`) : toml.replace(KEY, (line) => `${line}\nversion = ${next}`);
}

async function list(chosen) {
  const told = await open.send("GET", "/v1/charts");
  all = told.items;
  mayBegin = told.may_begin;
  const rows = [...all].sort((a, b) => a.key.localeCompare(b.key) || b.version - a.version).map((it) => {
    const link = make("a", "chart-line", make("b", "", named(it.name)), make("span", "small", t("chart_line_about", { n: number(it.version), causes: number(it.causes) })));
    link.href = `#${it.key}/${it.version}`;
    link.dataset.chart = `${it.key}/${it.version}`;
    return make("li", "", link);
  });
  $("charts").replaceChildren(...rows);
  if (chosen) location.hash = chosen;
}

async function show() {
  const asked = location.hash.slice(1) || all.map((it) => `${it.key}/${it.version}`).at(-1);
  if (!/^[a-z0-9-]+\/\d+$/.test(asked ?? "")) return;
  try {
    shown = await open.send("GET", `/v1/charts/${asked}`);
  } catch (problem) {
    tell($("charts-told"), saidReading(problem), "bad");
    return;
  }
  tell($("charts-told"), "");
  for (const link of document.querySelectorAll("[data-chart]")) {
    if (link.dataset.chart === asked) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  $("chart-name").textContent = named(shown.name);
  $("chart-about").textContent = t("chart_about", { key: shown.key, n: number(shown.version), next: number(nextOf(shown.key)) });
  $("chart-toml").value = shown.toml;
  $("chart-list").replaceChildren(preview(shown.chart));
  $("chart-shown").hidden = false;
}

/** The chart as a list: region, group, causes, and where each comes from. */
function preview(chart) {
  const from = (it) => (it.source ? make("span", "small", t("chart_source", { source: it.source })) : null);
  const cause = (it) => make("li", "", make("span", "", named(it.name)), from(it));
  const group = (it) => make("section", "", make("h5", "", named(it.name)), from(it), make("ul", "plain", ...it.causes.map(cause)));
  const region = (it) => make("section", "", make("h4", "", it.name ? named(it.name) : t("chart_no_regions")), ...it.groups.map(group));
  return make("div", "chart-preview", ...chart.regions.map(region));
}

/** Goes to the line that a refusal names. */
function goToLine(line) {
  const area = $("chart-toml");
  const lines = area.value.split("\n");
  const from = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  area.focus();
  area.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
  area.scrollTop = Math.max(0, (line - 4) * (area.scrollHeight / lines.length));
}

/** The key of a review that this browser leads; any where anybody may begin reviews, and otherwise none. */
async function leadersKey() {
  const own = await seats().catch(() => []);
  return own.find((it) => it.role === "facilitator")?.key ?? (mayBegin ? freshKey() : undefined);
}

async function save(again = true) {
  const told = $("chart-told");
  if (new TextEncoder().encode($("chart-toml").value).length > BYTES_MAX) return tell(told, t("chart_too_long"), "bad");
  const key = await leadersKey();
  if (!key) return tell(told, t("chart_no_leader"), "bad");
  const next = again === true ? undefined : again;
  $("chart-toml").value = asNext($("chart-toml").value, next);
  $("chart-save").disabled = true;
  tell(told, t("saving"));
  try {
    const made = await sender(key).send("POST", "/v1/charts", { toml: $("chart-toml").value });
    await list(`${made.key}/${made.version}`);
    await show();
    tell(told, t("chart_saved", { n: number(made.version) }), "good");
    announce(t("chart_saved", { n: number(made.version) }));
  } catch (problem) {
    // Somebody else was quicker with this number.
    if (problem.code === "chart_version" && again === true && problem.told?.next) return save(problem.told.next);
    refused(problem);
  } finally {
    $("chart-save").disabled = false;
  }
  return undefined;
}

function refused(problem) {
  const told = $("chart-told");
  const line = Number(problem.told?.line ?? /\bline (\d+)/.exec(problem.message ?? "")?.[1] ?? 0);
  if (problem.code === "invalid_request") {
    tell(told, line ? t("chart_wrong_line", { line: number(line), detail: problem.message.replace(/^line \d+: /, "") }) : t("chart_wrong", { detail: problem.message }), "bad");
    if (line) goToLine(line);
  } else {
    tell(told, ["unauthorized", "forbidden"].includes(problem.code) ? t("chart_no_leader") : saidWriting(problem), "bad");
  }
}

async function begin() {
  languages();
  $("chart-form").addEventListener("submit", (event) => { event.preventDefault(); save(); });
  $("chart-file").addEventListener("change", async () => {
    const [file] = $("chart-file").files;
    if (!file) return;
    if (file.size > BYTES_MAX) return tell($("chart-told"), t("chart_too_long"), "bad");
    $("chart-toml").value = asNext(await file.text());
    $("chart-file").value = "";
    return tell($("chart-told"), t("chart_loaded", { name: file.name }));
  });
  $("chart-download").addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([$("chart-toml").value], { type: "text/plain" }));
    const way = make("a");
    Object.assign(way, { href: url, download: `${KEY.exec($("chart-toml").value)?.[1] ?? "chart"}.toml` });
    way.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  });
  addEventListener("hashchange", async () => { await show(); $("chart-name").focus(); });
  try {
    await list();
    await show();
  } catch (problem) {
    tell($("charts-told"), saidReading(problem), "bad");
  }
  document.body.dataset.ready = "";
}

begin();
