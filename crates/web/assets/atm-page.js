// The ATM: notes in, a code, the money in a wallet, or the notes back. One step a screen. That no note is lost is the work of
// atm-escrow.js, that none counts twice of till.js; here is which of them has the word, and when a customer has gone.
import { disk as openDisk, Escrow, LIMIT } from "./atm-escrow.js";
import { connect } from "./atm-machine.js";
import { listen } from "./atm-number.js";
import { draw, receiptOf, wrong } from "./atm-view.js";
import { scanButton } from "./scan.js";
import { $, ask, scanned, show, station } from "./station.js";
import { sender } from "./terminal.js";
import { number, t } from "./text.js";
import { Till } from "./till.js";

// In seconds: until a customer who does nothing has gone, and how long before that it is said.
const GONE = 60;
const SAID = 20;
// Until one who has all that is due has gone, and one to whom a code is shown.
const SERVED = 30;
const SHOWN = 180;
// How often it is looked whether the server is there, and when a page that failed begins anew.
const PROBE = 30;
const ANEW = 5;

let escrow;
let isBroken = false;

// What cannot be written is not done: the page begins anew, and finds out from what is on disk.
function broken(error) {
  if (isBroken) return;
  isBroken = true;
  console.warn("begins anew", error);
  $("broken-number").textContent = escrow?.visit?.id.slice(0, 8) ?? "";
  show("broken");
  setTimeout(() => location.reload(), ANEW * 1000);
}
const sure = (promise) => promise.catch((error) => { broken(error); return new Promise(() => undefined); });
window.addEventListener("unhandledrejection", ({ reason }) => broken(reason));

const here = await station(["atm"]);
const send = await sender(here.id);
const till = await sure(Till.open({ send, name: here.id }));
const state = { here, step: "", intent: null, closed: "", isThere: true };
let touchedAt = performance.now();
let isBusy = false;
const stopLooking = scanButton($("camera"), $("video"), read, () => wrong(t("no_camera")));

till.addEventListener("standby", ({ detail }) => { if (detail) show("standby"); });
await sure(till.resume());
const disk = await sure(openDisk(`warifu-atm-${here.id}`));
escrow = await sure(Escrow.open(disk));

const mayTake = () => state.step === "notes" && !isBusy && !isBroken;
let machine;
const attached = () => { if (machine && state.step) refresh(); };
machine = await sure(connect({ escrow, disk, mayTake, mayPlay: here.plays_notes === true, touched, attached, failed: broken, buttons: $("played") }));

// Which top-up was asked for with these notes: it names the visit, so that the two are never apart.
const intentOf = (visit) => (visit ? till.intents().find((it) => it.body.metadata?.visit === visit.id) ?? null : null);

function touched() {
  touchedAt = performance.now();
  if ($("idle").open) $("idle").close();
}

function go(step) {
  if (isBroken) return;
  const was = state.step;
  state.step = step;
  touched();
  refresh(was !== step);
}

function refresh(isNew = false) {
  if (isBroken) return;
  state.intent = intentOf(escrow.visit);
  state.isThere = machine.isThere();
  draw(state, escrow, isNew);
  machine.update();
}

/** Where it goes on, from what is on disk. */
function resume() {
  const { visit } = escrow;
  state.intent = intentOf(visit);
  if (!visit) return go("start");
  if (visit.step !== "open" || state.intent) { settle(); return go("verdict"); }
  return go("found");
}

/** The verdict is final, and the notes go where it says. */
function settle() {
  const { visit } = escrow;
  const intent = intentOf(visit);
  if (visit?.step !== "open" || !intent || intent.verdict === "asking") return;
  if (intent.verdict === "paid") escrow.keep(receiptOf(here, intent)).catch(broken);
  else escrow.giveBack(intent.reason ?? "other").catch(broken);
}

till.addEventListener("change", () => { settle(); if (state.step === "verdict") refresh(); });
escrow.addEventListener("change", () => {
  if (["kept", "returned"].includes(escrow.visit?.step)) touched();
  refresh();
});

// One thing at a time: notes are either asked for or given back.
async function alone(act) {
  if (isBusy || isBroken) return;
  isBusy = true;
  try {
    machine.update();
    await escrow.settled();
    await act();
  } catch (error) {
    broken(error);
  } finally {
    isBusy = false;
    refresh();
  }
}

const isOpen = () => escrow.visit?.step === "open" && !intentOf(escrow.visit);

/** Asks for the top-up: by a code that was read, or by one of the machine's own. */
function begin(code) {
  return alone(async () => {
    if (!isOpen() || escrow.yen > LIMIT) return;
    stopLooking();
    const wanted = { amount: escrow.yen, metadata: { visit: escrow.visit.id } };
    await (code ? till.topUp({ code, ...wanted }) : till.bill({ kind: "top_up", ...wanted }));
    go("verdict");
  });
}

function giveBack(reason) {
  return alone(async () => {
    stopLooking();
    if (!escrow.visit) return go("start");
    if (!isOpen()) return undefined;
    await escrow.giveBack(reason);
    return go("verdict");
  });
}

function finish() {
  return alone(async () => {
    await escrow.finish();
    if (escrow.visit) return;
    for (const it of till.intents()) if (it.verdict !== "asking") await till.forget(it.id);
    $("scan").value = "";
    go("start");
  });
}

// Codes.

const CODE = /^(\d{24}|hQ[\w+/]+={0,2})$/;

function read(text) {
  const code = scanned(text);
  if (!code) return;
  touched();
  $("scan").value = "";
  if (!CODE.test(code)) { if (state.step === "code") wrong(t("atm_code_wrong")); return; }
  if (["notes", "code", "found"].includes(state.step) && escrow.yen) begin(code);
}

$("scan-form").addEventListener("submit", (event) => { event.preventDefault(); read($("scan").value); });
// A scanner types fast and ends with Enter, wherever the focus stands. It must not press a button by that.
let typed = "";
let typedAt = 0;
document.addEventListener("keydown", (event) => {
  if (event.target === $("scan") || event.ctrlKey || event.metaKey || event.altKey) return;
  const now = performance.now();
  if (now - typedAt > 500) typed = "";
  typedAt = now;
  if (event.key.length === 1) typed += event.key;
  if (event.key !== "Enter" || typed.length < 8) return;
  event.preventDefault();
  event.stopPropagation();
  read(typed);
  typed = "";
}, true);

// The server, and whether the machine should begin at all.

async function probe() {
  try {
    const told = await ask(send, "GET", "/v1/terminal");
    state.closed = told.is_frozen ? t("atm_closed_frozen") : "";
  } catch (error) {
    if (error.status === 401 && !escrow.visit) location.reload();
    state.closed = t("atm_closed");
  }
  if (state.step === "start") refresh();
  return !state.closed;
}

$("begin").addEventListener("click", async () => {
  $("begin").disabled = true;
  if (await probe() && state.step === "start") go("notes");
  refresh();
});
$("go-on").addEventListener("click", () => go("notes"));
$("to-code").addEventListener("click", () => alone(async () => { if (escrow.yen) go("code"); }));
$("more").addEventListener("click", () => { stopLooking(); go("notes"); });
$("own-code").addEventListener("click", () => begin());
for (const button of document.querySelectorAll(".give-back")) button.addEventListener("click", () => giveBack("asked"));
$("stop").addEventListener("click", () => { if (state.intent) till.stop(state.intent.id).catch(() => undefined); });
$("print").addEventListener("click", () => { touched(); if (machine.print(escrow.visit.receipt)) window.print(); });
$("finish").addEventListener("click", finish);
listen(send);
$("idle-go").addEventListener("click", touched);
for (const kind of ["pointerdown", "keydown", "input"]) document.addEventListener(kind, touched, { passive: true });

// A customer who has gone.

let probedAt = performance.now();

function tick() {
  const now = performance.now();
  const idle = (now - touchedAt) / 1000;
  const { step } = state;
  const visit = escrow.visit?.step;
  if (step === "start" && now - probedAt > PROBE * 1000) { probedAt = now; probe(); }
  if (["notes", "code", "found"].includes(step)) {
    if (idle > GONE) { touched(); giveBack("idle"); return; }
    const left = Math.ceil(GONE - idle);
    if (left <= SAID && escrow.visit) {
      $("idle-text").textContent = t("atm_idle_text", { n: number(left) });
      if (!$("idle").open) $("idle").showModal();
    }
  }
  if (step === "verdict" && ["kept", "returned"].includes(visit) && idle > SERVED) finish();
  if (step === "verdict" && state.intent?.state === "showing" && idle > SHOWN) till.stop(state.intent.id).catch(() => undefined);
}
setInterval(tick, 1000);

resume();
probe();
