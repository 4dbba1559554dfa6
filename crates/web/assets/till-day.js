// A till's day: what was done, undoing it, what it comes to, and the sheet for the counter.
import { $, ask } from "./station.js";
import { make, time, t, word, yen } from "./text.js";

const CLOCK = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SHOWN = 10;
// How often the list is read anew while nothing else is done with it, in milliseconds: a sheet's payments come from elsewhere.
const AGAIN = 5000;

let send;
let till;
let mine;
let next = null;
let asked = 0;
let opened = null;
let shown = "";
let isPaged = false;
let isUndoing = false;

/** Speaks for this terminal from now on. */
export function use(sends, drives, id) {
  [send, till, mine, next, shown, isPaged] = [sends, drives, id, null, "", false];
  $("today-list").replaceChildren();
  load();
}

/** Something came to an end: the list tells. */
export function changed(intent) {
  if (intent.verdict !== "asking") load();
}

async function load(cursor) {
  const mineIs = ++asked;
  try {
    const page = await ask(send, "GET", `/v1/shop/transactions?limit=${SHOWN}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    if (mineIs !== asked) return;
    if (cursor) $("today-list").append(...page.items.map(line));
    else if (shown !== JSON.stringify(page.items)) {
      // Only when something is new: nothing moves away under a finger.
      shown = JSON.stringify(page.items);
      $("today-list").replaceChildren(...page.items.map(line));
    } else return state(page.items.length ? "" : t("today_empty"));
    next = page.next_cursor;
    isPaged = Boolean(cursor);
    state(page.items.length || cursor ? "" : t("today_empty"));
    $("today-more").hidden = !next;
  } catch {
    // What cannot be read is said to be so: an old list would be taken for today's.
    if (mineIs === asked) state(t("cannot_be_read"));
  }
  return undefined;
}

setInterval(() => { if (send && !isPaged && !opened && document.visibilityState === "visible") load(); }, AGAIN);

function state(text) {
  $("today-state").textContent = text;
  $("today-state").hidden = !text;
}

const TAKES_AWAY = ["refund", "cancel", "top_up_cancel", "void"];

function line(it) {
  const canOpen = ["payment", "authorization", "top_up"].includes(it.kind);
  const sum = `${TAKES_AWAY.includes(it.kind) ? "−" : ""}${yen(it.amount)}`;
  const where = it.terminal.id === mine ? "" : it.terminal.name;
  const holds = [make("span", "at", CLOCK.format(new Date(it.created_at))), make("span", "what", word("line", it.kind), where ? make("small", "", ` ${where}`) : null), make("b", "sum", sum)];
  const row = make(canOpen ? "button" : "div", "day-line", ...holds);
  if (canOpen) {
    row.type = "button";
    row.addEventListener("click", () => openLine(it));
  }
  return make("li", "", row);
}

// One of them.

async function openLine(it) {
  opened = it;
  const isTopUp = it.kind === "top_up";
  $("line-title").textContent = `${word("line", it.kind)} ${yen(it.amount)}`;
  $("line-facts").replaceChildren();
  problem("line-problem", "");
  $("refund-form").hidden = $("line-cancel").hidden = true;
  if (!$("line").open) $("line").showModal();
  try {
    const found = await ask(send, "GET", `/v1/${isTopUp ? "top-ups" : "payments"}/${it.id}`);
    if (opened?.id !== it.id) return;
    const left = (found.captured ?? 0) - (found.refunded ?? 0);
    facts([
      [t("state"), word("state", found.state)],
      [t("at"), time(found.created_at)],
      ...(found.items ?? []).map((item) => [`${item.name} × ${item.quantity}`, yen(item.unit_price * item.quantity)]),
      ...(found.refunds ?? []).map((refund) => [`${t("refund")} ${CLOCK.format(new Date(refund.created_at))}`, `−${yen(refund.amount)}`]),
      [t("number"), it.id],
    ]);
    // What is being given back already is not offered again before it is known what came of it.
    const isAsked = till.intents().some((intent) => intent.verdict === "asking" && intent.of?.id === it.id);
    if (isAsked) return problem("line-problem", t("text_asking_back"));
    $("refund-form").hidden = isTopUp || left <= 0;
    $("refund-amount").value = String(left);
    $("refund-amount").dataset.most = String(left);
    const canCancel = isTopUp ? found.state === "completed" : ["captured", "authorized"].includes(found.state);
    $("line-cancel").hidden = !canCancel;
    $("line-cancel").textContent = isTopUp ? t("cancel_top_up") : t("cancel_payment");
  } catch (error) {
    problem("line-problem", error.status === 0 ? t("offline") : t("cannot_be_read"));
  }
  return undefined;
}

function facts(pairs) {
  $("line-facts").replaceChildren(...pairs.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))));
}

function problem(id, text) {
  $(id).textContent = text ?? "";
  $(id).hidden = !text;
}

async function undo(start) {
  if (isUndoing) return;
  isUndoing = true;
  try {
    await start();
    $("line").close();
  } catch {
    problem("line-problem", t("cannot_store"));
  } finally {
    isUndoing = false;
  }
}

$("refund-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const amount = Number($("refund-amount").value);
  const most = Number($("refund-amount").dataset.most);
  if (!(amount >= 1 && amount <= most)) return problem("line-problem", t("refund_at_most", { amount: yen(most) }));
  return undo(() => till.refund({ payment_id: opened.id, amount }));
});
$("line-cancel").addEventListener("click", () => {
  const kind = opened.kind === "top_up" ? "top_up" : "payment";
  undo(() => till.cancel({ kind, id: opened.id }));
});
$("line-close").addEventListener("click", () => $("line").close());
$("line").addEventListener("close", () => { opened = null; });
$("today-more").addEventListener("click", () => load(next));
addEventListener("online", () => load());

// What the day comes to.

async function totals() {
  problem("totals-problem", "");
  try {
    const date = $("totals-date").value;
    const told = await ask(send, "GET", `/v1/shop/totals${date ? `?business_date=${date}` : ""}`);
    $("totals-date").value = told.business_date;
    $("totals-place").dataset.asOf = told.as_of;
    $("totals-table").replaceChildren(table(told));
  } catch (error) {
    $("totals-table").replaceChildren();
    problem("totals-problem", error.status === 0 ? t("offline") : t("cannot_be_read"));
  }
}

const ROWS = ["sales", "refunds", "cancels", "owed", "top_ups", "top_up_cancels", "cash"];

function table(told) {
  const columns = [...told.terminals.map((it) => [it.terminal.name, it]), [t("whole_shop"), told.total]];
  const head = make("tr", "", make("td", ""), ...columns.map(([name]) => Object.assign(make("th", "", name), { scope: "col" })));
  const rows = ROWS.map((row) => {
    const cells = columns.map(([, sums]) => {
      const it = sums[row];
      return typeof it === "number" ? make("td", "total", yen(it)) : make("td", "", yen(it.amount), make("small", "", ` ×${it.count}`));
    });
    return make("tr", "", Object.assign(make("th", "", word("sum", row)), { scope: "row" }), ...cells);
  });
  return make("table", "", make("thead", "", head), make("tbody", "", ...rows));
}

/** Paper shows one dialog and nothing else. */
function print(dialog) {
  document.body.dataset.print = dialog;
  window.print();
  delete document.body.dataset.print;
}

// The sheet for the counter.

async function sheet() {
  problem("sheet-problem", "");
  try {
    const code = await ask(send, "GET", "/v1/shop-code");
    const picture = (kind) => `data:image/svg+xml,${encodeURIComponent(code.pictures.find((it) => it.kind === kind).data)}`;
    $("sheet-link").src = picture("link_qr_svg");
    $("sheet-emv").src = picture("qr_svg");
  } catch (error) {
    problem("sheet-problem", error.status === 0 ? t("offline") : t("cannot_be_read"));
  }
}

/** Ties the buttons. Once, when it is known where this is. */
export function bind(here) {
  $("totals-place").textContent = `${here.shop_name}, ${here.name}`;
  $("sheet-shop").textContent = here.shop_name;
  $("sheet-terminal").textContent = `${here.merchant_name}, ${here.name}`;
  $("open-totals").addEventListener("click", () => { $("totals-date").value = ""; $("totals").showModal(); totals(); });
  $("totals-date").addEventListener("change", totals);
  $("open-sheet").addEventListener("click", () => { $("sheet").showModal(); sheet(); });
  for (const name of ["totals", "sheet"]) {
    $(`${name}-close`).addEventListener("click", () => $(name).close());
    $(`${name}-print`).addEventListener("click", () => print(name));
  }
}
