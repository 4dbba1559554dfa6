// The till: what the cashier enters, and which of three things is told. That nothing is lost is till.js's work; here is what it looks like.
import { scanButton } from "./scan.js";
import { $, apart, ask, scanned, show, station } from "./station.js";
import * as day from "./till-day.js";
import { sender } from "./terminal.js";
import { announce, make, number, showYen, t, word, yen } from "./text.js";
import { Till } from "./till.js";

const here = await station(["till"]);
// The two tills of this browser, as they are being opened: the one that works with money, and the one for practising.
const tills = {};
// How long a verdict stays before anything can take it away, in milliseconds: a scanner's second Enter must not.
const CALM = 700;
let till;
let current = null;
let items = [];
let isStarting = false;

const mode = () => document.querySelector("[name=mode]:checked").value;

async function open(id, isPractice) {
  tills[id] ??= begin(id);
  const opened = await tills[id];
  ({ till } = opened);
  const { send } = opened;
  document.body.classList.toggle("practising", isPractice);
  $("practice-badge").hidden = $("practice-box").hidden = !isPractice;
  $("practice").setAttribute("aria-pressed", String(isPractice));
  $("practice").textContent = isPractice ? t("practise_end") : t("practise");
  $("practice").hidden = !here.practice_id;
  $("open-sheet").hidden = isPractice;
  day.use(send, till, id);
  current = left();
  draw();
  show("work");
  if (till.standby) show("standby");
  if (!current) focusAmount();
}

async function begin(id) {
  const send = await sender(id);
  const opened = await Till.open({ send, name: id });
  opened.addEventListener("change", ({ detail }) => { if (till === opened) changed(detail); });
  opened.addEventListener("standby", ({ detail }) => { if (till === opened) stand(detail); });
  // In a second window this waits until the first is gone.
  const ready = opened.resume();
  await Promise.race([ready, new Promise((resolve) => { opened.addEventListener("standby", resolve, { once: true }); })]);
  ready.then(() => prune(opened), () => undefined);
  return { till: opened, send };
}

// What was left behind is on the screen before anything can be entered: what is unsettled, then what was settled and not seen.
function left() {
  const seen = Number(localStorage.getItem("till-seen") ?? 0);
  const isUnseen = (it) => it.settled_at > seen && it.settled_at > Date.now() - KEPT;
  return unsettled()[0] ?? (till.standby ? null : till.intents().find((it) => it.verdict !== "asking" && isUnseen(it)) ?? null);
}

function stand(by) {
  current ??= left();
  draw();
  show(by ? "standby" : "work");
}

// What was settled long ago is of no use here: the shop's day has it.
const KEPT = 86400000;
const prune = (opened) => opened.intents()
  .filter((it) => it.verdict !== "asking" && it.settled_at < Date.now() - KEPT)
  .forEach((it) => opened.forget(it.id).catch(() => undefined));

const unsettled = () => (till.standby ? [] : till.intents().filter((it) => it.verdict === "asking"));

function changed(intent) {
  // What was begun in the list takes the place of a verdict that was told.
  const takesOver = !current || intent.id === current.id || (current.verdict !== "asking" && intent.verdict === "asking");
  if (takesOver) {
    const was = intent.id === current?.id ? current.verdict : undefined;
    current = intent;
    draw();
    if (intent.verdict !== "asking" && was !== intent.verdict) told(intent);
  } else drawOthers();
  day.changed(intent);
}

// What the cashier is told, aloud too, and where Enter goes on.
function told(intent) {
  announce(`${$("verdict").textContent}. ${$("stage-amount").textContent}. ${$("stage-text").textContent}`, true);
  if (intent.verdict === "paid") items = [];
  drawItems();
  const goesOn = intent.verdict === "paid" || $("again").hidden ? $("next") : $("again");
  $("next").disabled = $("again").disabled = true;
  setTimeout(() => { $("next").disabled = $("again").disabled = false; goesOn.focus(); }, CALM);
}

// The stage.

const VERDICTS = {
  payment: (it) => word("verdict_payment", it),
  bill: (it) => word("verdict_payment", it),
  top_up: (it) => word("verdict_top_up", it),
  refund: (it) => word("verdict_refund", it),
  cancel: (it) => word("verdict_cancel", it),
};
const SIGNS = { asking: "#i-wait", paid: "#i-check", not_paid: "#i-cross" };

function draw() {
  const it = current;
  $("stage").dataset.verdict = it ? it.verdict : "none";
  $("stage").dataset.state = it?.state ?? "";
  $("stage-idle").hidden = Boolean(it);
  $("stage-result").hidden = !it;
  $("take").textContent = mode() === "top_up" ? t("take_top_up") : t("take_payment");
  $("show-code").hidden = mode() === "top_up";
  drawOthers();
  for (const key of document.querySelectorAll(".keypad button")) key.disabled = Boolean(it);
  $("amount").readOnly = Boolean(it);
  if (!it) return;
  const shows = it.verdict === "asking" && it.state === "showing" && it.bill;
  $("verdict-sign").setAttribute("href", SIGNS[it.verdict]);
  $("verdict").textContent = shows ? t("show_to_customer") : VERDICTS[it.kind](it.verdict);
  const amount = it.body?.amount ?? it.result?.amount;
  if (amount) showYen($("stage-amount"), amount);
  else $("stage-amount").textContent = "";
  $("stage-text").textContent = explain(it);
  $("stage-code").hidden = !shows;
  if (shows) drawCode(it.bill);
  $("practice-pay").hidden = !(shows && document.body.classList.contains("practising"));
  const canStop = it.verdict === "asking" && it.state !== "canceling" && ["payment", "top_up", "bill"].includes(it.kind);
  $("stop").hidden = !canStop;
  $("stop").textContent = shows ? t("stop_code") : t("stop");
  $("next").hidden = it.verdict === "asking";
  $("again").hidden = it.verdict !== "not_paid" || !["payment", "top_up", "bill"].includes(it.kind);
}

function explain(it) {
  if (it.verdict === "asking") {
    if (it.state === "showing") return t("text_showing");
    if (it.state === "canceling") return t("text_canceling");
    if (it.state === "sending") return t("text_sending");
    return it.kind === "top_up" ? t("text_asking_cash") : it.kind === "refund" || it.kind === "cancel" ? t("text_asking_back") : t("text_asking");
  }
  if (it.verdict === "paid") {
    const kept = it.result?.kept_back;
    return kept > 0 ? t("text_kept_back", { amount: yen(kept) }) : word("done", it.kind);
  }
  if (it.reason === "canceled") return it.kind === "top_up" ? t("text_canceled_cash") : t("text_canceled");
  return word("refused", it.reason);
}

function drawCode(bill) {
  const picture = (kind) => bill.pictures.find((it) => it.kind === kind).data;
  for (const [id, kind] of [["link-qr", "link_qr_svg"], ["emv-qr", "qr_svg"]]) {
    const source = `data:image/svg+xml,${encodeURIComponent(picture(kind))}`;
    if ($(id).src !== source) $(id).src = source;
  }
}

// What is asked for behind the present customer's back: it settles by itself, and is never forgotten.
function drawOthers() {
  const others = unsettled().filter((it) => it.id !== current?.id).length;
  $("practice").disabled = unsettled().length > 0;
  $("others").hidden = others === 0;
  $("others").textContent = others ? t("others_asking", { n: others }) : "";
}

// Entering.

const amountOf = () => Number(apart($("amount").value).amount);

function focusAmount() {
  $("amount").focus();
  $("amount").select();
}

function clear() {
  if (current?.settled_at) localStorage.setItem("till-seen", String(Math.max(current.settled_at, Number(localStorage.getItem("till-seen") ?? 0))));
  current = null;
  $("amount").value = $("scan").value = "";
  $("scan-problem").hidden = true;
  // The next one may be a settled list's newest; what is unsettled comes first.
  current = unsettled()[0] ?? null;
  draw();
  if (!current) focusAmount();
}

function problem(text) {
  $("scan-problem").textContent = text ?? "";
  $("scan-problem").hidden = !text;
}

/** Begins, and shows what it came to. It is stored before anything is sent; where that fails nothing was sent. */
async function attempt(start) {
  if (current || isStarting) return;
  isStarting = true;
  problem("");
  try {
    const begun = await start();
    current ??= begun;
    draw();
  } catch (error) {
    problem(error.code === "standby" ? t("standby_text") : t("cannot_store"));
  } finally {
    isStarting = false;
  }
}

function take(code) {
  const amount = amountOf();
  if (!amount) { problem(t("enter_amount")); focusAmount(); return; }
  if (!code) { problem(t("scan_first")); $("scan").focus(); return; }
  $("amount").value = number(amount);
  $("scan").value = "";
  if (mode() === "top_up") attempt(() => till.topUp({ code, amount }));
  else attempt(() => till.pay({ code, amount, items: itemsFor(amount) }));
}

// Items of another amount would be a wrong receipt.
const itemsFor = (amount) => (items.length && total() === amount ? items : undefined);
const total = () => items.reduce((sum, it) => sum + it.unit_price * it.quantity, 0);

$("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { amount, code } = apart($("scan").value);
  // What is neither is sent as it is: the server says whose code it is.
  take(code && !amount ? code : scanned($("scan").value));
});
$("amount").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  const { amount, code } = apart($("amount").value);
  if (code) { $("amount").value = amount; take(code); } else $("scan").focus();
});
// Thousands are set apart while it is typed; what is no amount is left as it is, for it may be a code that is being scanned.
function group() {
  const plain = $("amount").value.replaceAll(",", "");
  if (/^\d{0,7}$/.test(plain)) $("amount").value = plain && number(Number(plain));
}
$("amount").addEventListener("input", group);
document.querySelector(".keypad").addEventListener("click", (event) => {
  const key = event.target.closest("button")?.dataset.key;
  if (!key || current) return;
  const value = String($("amount").value.replace(/\D/g, ""));
  $("amount").value = key === "back" ? value.slice(0, -1) : (value + key).replace(/^0+/, "").slice(0, 7);
  group();
});
// Whoever types without having chosen a field means the amount, and a scanner the code.
document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input, select, textarea, dialog[open]");
  if (field || event.ctrlKey || event.metaKey || event.altKey || current || $("view-work").hidden) return;
  if (/^[0-9a-zA-Z+/=]$/.test(event.key) && document.activeElement?.tagName !== "SUMMARY") $("amount").focus();
});
for (const radio of document.querySelectorAll("[name=mode]")) radio.addEventListener("change", () => { draw(); focusAmount(); });

$("next").addEventListener("click", clear);
$("again").addEventListener("click", () => {
  const amount = $("amount").value;
  clear();
  if (current) return;
  $("amount").value = amount;
  $("scan").focus();
});
$("stop").addEventListener("click", () => { if (current) till.stop(current.id).catch(() => undefined); });
$("show-code").addEventListener("click", () => {
  const amount = amountOf();
  if (!amount) { problem(t("enter_amount")); focusAmount(); return; }
  attempt(() => till.bill({ amount, items: itemsFor(amount) }));
});

// Items.

$("item-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const value = (id) => Number($(id).value);
  items.push({ name: $("item-name").value.trim(), unit_price: value("item-price"), quantity: value("item-quantity"), tax_rate: value("item-tax") });
  $("item-form").reset();
  drawItems();
  $("amount").value = number(total());
  $("item-name").focus();
});

function drawItems() {
  $("item-list").replaceChildren(...items.map((it, index) => {
    const remove = make("button", "text", t("remove"));
    remove.type = "button";
    remove.addEventListener("click", () => { items.splice(index, 1); drawItems(); $("amount").value = total() ? number(total()) : ""; });
    return make("li", "", make("span", "", `${it.name} × ${it.quantity}`), make("b", "", yen(it.unit_price * it.quantity)), remove);
  }));
}

// The camera.

scanButton($("camera"), $("video"), (read) => take(scanned(read)), () => problem(t("no_camera")));

// Practising.

const SCENARIOS = ["plain", "time_out", "unknown", "late_success", "duplicate", "insufficient_balance", "code_expired", "limit_exceeded", "wallet_frozen"];
$("practice-scenario").replaceChildren(...SCENARIOS.map((name) => {
  const option = make("option", "", word("scenario", name));
  option.value = name;
  return option;
}));
$("practice").addEventListener("click", () => {
  const isPractice = document.body.classList.contains("practising");
  if (unsettled().length > 0 || isStarting) return;
  clear();
  open(isPractice ? here.id : here.practice_id, !isPractice);
});
$("practice-code").addEventListener("click", async () => {
  try {
    const made = await ask((await tills[here.practice_id]).send, "POST", "/v1/sandbox/codes", { scenario: $("practice-scenario").value });
    $("scan").value = made.code;
    $("take").focus();
  } catch {
    problem(t("try_later"));
  }
});
$("practice-pay").addEventListener("click", async () => {
  ask((await tills[here.practice_id]).send, "POST", `/v1/sandbox/bills/${current.bill.id}/pay`).catch(() => problem(t("try_later")));
});

$("shop").textContent = here.shop_name;
$("terminal").textContent = here.name;
day.bind(here);
await open(here.id, false);
