// Every statement of the review in one place: what is fact and by which source, what is conjecture, and what rests on conjecture alone.
import { $, choice, empty, link, tell, teller } from "./board-parts.js";
import { saidReading } from "./board-api.js";
import { filesPlace } from "./review-files.js";
import { FIELDS, SPOKEN, causesByKey, itemName, whenText } from "./review-names.js";
import { statementView } from "./review-statement.js";
import { make, number, t } from "./text.js";

export function evidencePlace(state, table) {
  const causes = causesByKey(state.chart);
  const list = make("ul", "evidence plain");
  const count = make("p", "small");
  count.setAttribute("role", "status");
  const told = teller();
  let shown = "all";
  let isOpen = false;
  let asked = 0;

  const ways = [["all", t("filter_all")], ["fact", t("evidence_facts")], ["conjecture", t("evidence_conjectures")], ["alone", t("evidence_alone")]];
  const kinds = choice(t("evidence_filter"), ways, "all", (to) => { shown = to; draw(); }, true);

  /** Every statement as `{about, where, href, body}`; `about` is what it speaks of. */
  async function statements() {
    const found = [];
    const add = (about, where, href, body) => found.push({ about, where, href, body });
    for (const key of FIELDS.flatMap(([, keys]) => keys)) {
      if (key !== "name" && state.has("case", key)) add(`case/${key}`, itemName({ kind: "case", key }, causes, state), "#case", state.body("case", key));
    }
    for (const { key, body } of state.all("event").sort((a, b) => a.body.rank - b.body.rank)) {
      add(`event/${key}`, t("named", { what: t("event"), name: whenText(body.when) }), "#arrange/events", body.statement);
    }
    for (const key of Object.keys(causes)) {
      for (const { column, body } of await table.reasons(key)) {
        add(`cause/${key}`, t("reason_of", { letter: column, name: causes[key].name }), `#collect/${key}`, body);
      }
      for (const kind of SPOKEN) {
        if (state.has(kind, key)) add(`cause/${key}`, itemName({ kind, key }, causes, state), `#arrange/cause/${key}`, state.body(kind, key));
      }
    }
    for (const { key, body } of state.all("arrow")) {
      if (body.statement.text) add(`arrow/${key}`, itemName({ kind: "arrow", key, body }, causes, state), `#diagram/box/${body.from}`, body.statement);
    }
    for (const { key, body } of state.all("true_cause")) add(`true_cause/${key}`, itemName({ kind: "true_cause", key }, causes, state), `#diagram/box/${key}`, body.why);
    return found;
  }

  async function draw() {
    if (!isOpen) return;
    const mine = ++asked;
    let all;
    try {
      all = await statements();
      tell(told, "");
    } catch (problem) {
      tell(told, saidReading(problem), "bad");
      return;
    }
    // Another drawing was begun meanwhile.
    if (mine !== asked) return;
    const grounded = new Set(all.filter((it) => it.body.basis === "fact").map((it) => it.about));
    const some = all.filter((it) => shown === "all" || (shown === "alone" ? !grounded.has(it.about) : it.body.basis === shown));
    count.textContent = t("evidence_count", { n: number(some.length), all: number(all.length) });
    list.replaceChildren(...some.map((it) => make("li", "evidence-one", link(it.where, it.href, "where"), statementView(state, it.body))));
    if (!some.length) list.append(make("li", "", empty(all.length ? t("filter_nothing") : t("evidence_empty"))));
  }

  $("evidence-place").append(
    make("section", "stack", make("h3", "", t("files")), make("p", "small", t("files_how")), filesPlace(state)),
    make("section", "stack", make("h3", "", t("statements")), make("div", "row between", kinds, count), make("p", "small", t("evidence_how")), told, list));
  let waiting;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(draw, 300); };
  for (const name of ["case/*", "event/*", "why/*", "why_not/*", "discussion/*", "file/*", "arrow/*", "true_cause/*", "counts"]) state.on(name, later);
  return { show(is) { isOpen = is; if (is) draw(); } };
}
