// What the parts of a review are called in front of people: causes, kinds, fields, times.
import { named } from "./board-parts.js";
import { language, t, word } from "./text.js";

/** The fields of the failure-knowledge record, in its order, in three parts. */
export const FIELDS = [
  ["what", ["name", "date", "place", "site", "summary", "event"]],
  ["how", ["course", "cause", "response", "measures", "main_scenario", "side_scenarios"]],
  ["learnt", ["knowledge", "background", "sequel", "interviews", "motive", "asides"]],
];
/** Kinds of a cause that hold a statement, in the order in which they are spoken of. */
export const SPOKEN = ["why", "why_not", "discussion"];

/** Regions, groups and causes of a chart in one list, `{level, key, name, group, region, source}`, as they stand on it. */
export function chartRows(chart) {
  return chart.regions.flatMap((region) => [
    ...(region.name ? [{ level: "region", key: region.key, name: named(region.name) }] : []),
    ...region.groups.flatMap((group) => {
      const places = { group: named(group.name), region: named(region.name) };
      const causes = group.causes.map((it) => ({ level: "cause", key: it.key, name: named(it.name), source: it.source, ...places }));
      return [{ level: "group", key: group.key, name: named(group.name) }, ...causes];
    }),
  ]);
}

/** `{key: {name, group, region}}` of the causes. */
export const causesByKey = (chart) => Object.fromEntries(chartRows(chart).filter((it) => it.level === "cause").map((it) => [it.key, it]));

/** The beginning of a text. */
export const firstOf = (text, letters = 40) => ([...text].length > letters ? `${[...text].slice(0, letters).join("")}…` : text);

/** What something is called that a box stands for: `cause/KEY` or `event/KEY`. */
export function boxOf(state, causes, of) {
  const [kind, key] = of.split("/");
  return kind === "cause" ? causes[key]?.name ?? key : state.body("event", key)?.statement.text ?? t("event_gone");
}

/** What a box of the relation diagram says in full; nothing if it is gone. */
export function boxName(state, causes, key) {
  const body = state.body("node", key);
  return !body ? "" : body.of ? boxOf(state, causes, body.of) : body.text;
}

/** Of two names in one line. */
const SHORT = 24;

/** What an item is called: `Why chosen: Hand-over`. `causes` from `causesByKey`. */
export function itemName({ kind, key, body }, causes, state) {
  const what = word("kind", kind);
  const named = (text, letters) => (text ? t("named", { what, name: firstOf(text.replace(/\s+/g, " "), letters) }) : what);
  const box = (one) => firstOf(boxName(state, causes, one).replace(/\s+/g, " ") || t("box_gone"), SHORT);
  if (kind === "case") return word("field", key);
  if (kind in { why: 1, why_not: 1, discussion: 1, lift: 1 }) return named(causes[key]?.name ?? key);
  if (kind === "node" && body?.of) return named(boxOf(state, causes, body.of));
  if (kind === "arrow" && body) return named(t("arrow_from_to", { from: box(body.from), to: box(body.to) }), 2 * SHORT + 5);
  if (kind === "true_cause") return named(boxName(state, causes, key) || t("box_gone"));
  if (kind === "result") return named(state.body("measure", key)?.text ?? t("measure_gone"));
  return named(kind === "event" ? body?.statement.text : kind === "file" ? body?.name : body?.text);
}

/** A time as it is known, `{kind, at}`, in words. */
export function whenText({ kind, at }) {
  if (kind === "unknown" || !at) return t("when_unknown");
  const day = at.slice(0, 10);
  const [year, month, date] = day.split("-").map(Number);
  const form = { year: "numeric", ...(month ? { month: date ? "short" : "long" } : {}), ...(date ? { day: "numeric" } : {}), timeZone: "UTC" };
  const words = new Intl.DateTimeFormat(language === "ja" ? "ja-JP" : "en-GB", form).format(Date.UTC(year, (month ?? 1) - 1, date ?? 1));
  const full = at.includes("T") ? `${words} ${at.slice(11)}` : words;
  if (kind === "about") return t("when_about", { at: full });
  if (kind === "before") return t("when_before", { at: full });
  if (kind === "after") return t("when_after", { at: full });
  return full;
}

/** What was typed as a time in one of the contract's forms; `null` if it is none. Takes slashes, 年月日 and full-width digits. */
export function parsedWhen(typed) {
  const plain = typed.normalize("NFKC").trim().replace(/[年月/.]/g, "-").replace(/日/g, " ").replace(/時/g, ":").replace(/分/g, "").replace(/[-\s]+$/, "");
  const match = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})?)?)?)?$/.exec(plain);
  if (!match) return null;
  const [, year, month, day, hour, minute] = match;
  const two = (it) => it.padStart(2, "0");
  const date = [year, ...(month ? [two(month)] : []), ...(day ? [two(day)] : [])].join("-");
  const whole = hour ? `${date}T${two(hour)}:${minute ?? "00"}` : date;
  const asked = new Date(`${date.padEnd(10, "-01")}T${hour ? `${two(hour)}:${minute ?? "00"}` : "00:00"}Z`);
  const isReal = !Number.isNaN(asked.getTime()) && (!day || asked.getUTCDate() === Number(day)) && (!month || asked.getUTCMonth() + 1 === Number(month));
  return isReal ? whole : null;
}

/** A time to sort by: its beginning, to the minute. Unknown ones have none. */
export const sortable = ({ kind, at }) => (kind === "unknown" || !at ? null : at + "0000-01-01T00:00".slice(at.length));
