// The reviews in which this browser has a seat, taking a seat by a link, and beginning a review.
//
// What a test can hold on to: `[data-view=invited]`, `#take-seat`, `#seat-told`; `#reviews > [data-review]`; `#begin-place`,
// `#begin-name`, `#begin-chart`, `#begin-send`, `#begin-told`; `#import-place`, `#import-file`, `#import-told`, `#sample-open`; `body[data-ready]`.
import { byLink, dropDrafts, dropSeat, keepLink, keepSeat, pendingKey, seats, settle } from "./board-store.js";
import { $, button, confirmed, languages, named, tell } from "./board-parts.js";
import { saidReading, saidWriting, sender } from "./board-api.js";
import { make, number, t, word } from "./text.js";

const NAME_MAX = 100;
/** So many reviews are asked about at the same time. */
const AT_ONCE = 4;

function show(view) {
  for (const it of document.querySelectorAll("[data-view]")) it.hidden = it.dataset.view !== view;
  document.body.dataset.ready = view;
}

async function begin() {
  languages();
  const token = /^#(wfi_[\w-]+)$/.exec(location.hash)?.[1];
  // Out of sight, out of the history: whoever looks over a shoulder or comes later finds no link.
  if (location.hash) history.replaceState(null, "", location.pathname);
  // The same page takes another link that is put into the address.
  addEventListener("hashchange", () => { if (location.hash.startsWith("#wfi_")) location.reload(); });
  try {
    if (token) return await invited(token);
    await list();
  } catch {
    $("none-text").textContent = t("store_none");
    show("none");
  }
  return undefined;
}

async function invited(token) {
  const before = await byLink(token);
  if (before) return location.replace(`/reviews/${before.id}`);
  show("invited");
  document.querySelector("[data-view=invited] h2").focus();
  $("take-seat").addEventListener("click", () => take(token));
  return undefined;
}

async function take(token) {
  $("take-seat").disabled = true;
  tell($("seat-told"), t("seat_taking"));
  try {
    const key = await pendingKey(token);
    const { id, role } = await sender(key).send("POST", "/v1/seats", { invitation: token });
    await keepSeat({ id, key, role, name: "" });
    await keepLink(token, id);
    await settle(token);
    // There is nothing to read with a program's seat: it stands in the list, with a way to leave it.
    location.replace(role === "program" ? "/reviews" : `/reviews/${id}`);
  } catch (problem) {
    $("take-seat").disabled = false;
    if (problem.code === "link_refused") {
      $("take-seat").hidden = true;
      await settle(token);
    }
    const texts = { link_refused: t("link_refused"), offline: t("seat_offline"), rate_limited: t("write_often") };
    tell($("seat-told"), texts[problem.code] ?? (problem.code ? t("seat_later") : t("store_none")), "bad");
  }
}

async function list() {
  const all = await seats();
  const rows = new Map(all.map((it) => [it.id, row(it)]));
  $("reviews").replaceChildren(...[...rows.values()].map((it) => it.element));
  $("reviews-empty").hidden = all.length > 0;
  show("reviews");
  beginning();
  const waiting = [...all];
  const ask = async () => {
    for (let it = waiting.shift(); it; it = waiting.shift()) await fresh(it, rows.get(it.id));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
}

function row(seat) {
  const name = make("a", "review-name", seat.name || t("review"));
  name.href = `/reviews/${seat.id}`;
  const state = make("span", "state");
  const about = make("span", "small", word("role", seat.role));
  const element = make("li", "review-row", make("div", "", name, make("span", "row", state, about)));
  element.dataset.review = seat.id;
  return { element, name, state, about };
}

/** What a review is called and in which state it is now. */
async function fresh(seat, row) {
  try {
    const told = await sender(seat.key).send("GET", "/v1/review");
    const body = (kind, key) => told.items.find((it) => it.kind === kind && it.key === key)?.body;
    const name = body("case", "name")?.text ?? seat.name;
    const at = told.state ?? body("progress", "review")?.state ?? "open";
    row.name.textContent = name || t("review");
    row.state.textContent = word("state", at);
    row.state.dataset.state = at;
    row.about.textContent = t("review_about", { role: word("role", told.role), n: number(told.people.participants + told.people.facilitators) });
    if (name !== seat.name || told.role !== seat.role) await keepSeat({ ...seat, name, role: told.role });
  } catch (problem) {
    const isProgram = seat.role === "program" && problem.code === "forbidden";
    if (problem.status === 401) row.about.textContent = t("seat_unknown");
    else row.about.textContent = isProgram ? t("seat_program") : saidReading(problem);
    if (problem.status === 401) row.element.append(forgetting(seat, row, { title: t("seat_forget_title"), text: t("seat_forget_text") }));
    if (isProgram) row.element.append(forgetting(seat, row, { title: t("leave_title"), text: t("seat_program_leave"), leaves: true }));
  }
}

/** Takes a review off the list; where the server knows the seat, only once it was left there. */
function forgetting(seat, row, { title, text, leaves = false }) {
  const name = leaves ? t("leave") : t("seat_forget");
  return button(name, "text", async () => {
    if (!await confirmed({ id: "forget", title, texts: [text], yes: name, yesId: "forget-yes" })) return;
    try {
      if (leaves) await sender(seat.key).send("DELETE", "/v1/review/seat");
    } catch (problem) {
      if (problem.status !== 401) { row.about.textContent = saidWriting(problem); return; }
    }
    await dropSeat(seat.id);
    dropDrafts(seat.id);
    row.element.remove();
  });
}

async function beginning() {
  let told;
  try {
    told = await sender("").send("GET", "/v1/charts");
  } catch (problem) {
    return tell($("reviews-told"), saidReading(problem), "bad");
  }
  if (!told.may_begin) return undefined;
  // The newest of each chart; older ones stay for the reviews that use them.
  const newest = new Map();
  for (const it of told.items) if (!(newest.get(it.key)?.version > it.version)) newest.set(it.key, it);
  for (const it of newest.values()) {
    const option = make("option", "", t("chart_option", { name: named(it.name), n: number(it.causes) }));
    option.value = it.key;
    $("begin-chart").append(option);
  }
  if (newest.has("it-project")) $("begin-chart").value = "it-project";
  $("begin-place").hidden = false;
  $("sample-place").hidden = false;
  $("sample-open").addEventListener("click", openSample);
  $("import-place").hidden = false;
  $("import-file").addEventListener("change", () => { const [file] = $("import-file").files; if (file) bringIn(file); });
  $("begin").addEventListener("submit", (event) => { event.preventDefault(); send(newest); });
  return undefined;
}

/** Begins a review of one's own that is the sample: to read it, to practise on it, to open it again and go on. */
async function openSample() {
  const told = $("sample-told");
  $("sample-open").disabled = true;
  tell(told, t("saving"));
  try {
    // The same key for the same language, should the reply be lost.
    const what = `sample ${document.documentElement.lang}`;
    const own = await pendingKey(what);
    const { id, role } = await sender(own).send("POST", "/v1/reviews/sample", {});
    await keepSeat({ id, key: own, role, name: "7pay" });
    await settle(what);
    location.assign(`/reviews/${id}`);
  } catch (problem) {
    tell(told, problem.code === "forbidden" ? t("begin_refused") : saidWriting(problem), "bad");
    $("sample-open").disabled = false;
  }
}

/** Where a document is sent, by the form that it says it has. */
const FORMS = { "warifu-review": "/v1/reviews/import", "warifu-incident": "/v1/reviews/incident" };

function formOf(text) {
  try {
    const form = JSON.parse(text)?.format;
    return Object.hasOwn(FORMS, form) ? form : null;
  } catch {
    return null;
  }
}

/** Begins a review from a file that was taken out of a board as JSON, or that a system wrote about an incident. */
async function bringIn(file) {
  const told = $("import-told");
  $("import-file").disabled = true;
  tell(told, t("import_sending", { name: file.name }));
  let form = null;
  try {
    const text = await file.text();
    form = formOf(text);
    if (!form) return tell(told, t("import_no_review", { name: file.name }), "bad");
    // The same key for the same file, should the reply be lost.
    const own = await pendingKey(text);
    const { id, role } = await sender(own).upload(FORMS[form], new Blob([text], { type: "application/json" }));
    await keepSeat({ id, key: own, role, name: "" });
    await settle(text);
    location.assign(`/reviews/${id}`);
  } catch (problem) {
    const name = file.name;
    // Whoever wrote an incident can mend it: the board says where.
    const wrong = form === "warifu-incident" ? t("incident_wrong", { name, detail: problem.message }) : t("import_wrong", { name });
    const texts = { forbidden: t("begin_refused"), invalid_request: wrong, not_found: wrong, unsupported_media_type: wrong, payload_too_large: t("import_large", { name }) };
    tell(told, texts[problem.code] ?? saidWriting(problem), "bad");
  } finally {
    $("import-file").disabled = false;
    $("import-file").value = "";
  }
  return undefined;
}

async function send(charts) {
  const name = $("begin-name").value.trim();
  const key = $("begin-chart").value;
  if (!name || [...name].length > NAME_MAX) {
    $("begin-name").focus();
    return tell($("begin-told"), t("begin_name_missing"), "bad");
  }
  $("begin-send").disabled = true;
  tell($("begin-told"), t("saving"));
  const body = { name, chart_key: key, chart_version: charts.get(key).version };
  try {
    // The same key for the same review, should the reply be lost.
    const own = await pendingKey(JSON.stringify(body));
    const { id, role } = await sender(own).send("POST", "/v1/reviews", body);
    await keepSeat({ id, key: own, role, name });
    await settle(JSON.stringify(body));
    location.assign(`/reviews/${id}#case`);
  } catch (problem) {
    $("begin-send").disabled = false;
    tell($("begin-told"), problem.code === "forbidden" ? t("begin_refused") : saidWriting(problem), "bad");
  }
  return undefined;
}

begin();
