// What the customer at an ATM sees of each step. It must not decide anything.
import { LIMIT } from "./atm-escrow.js";
import { drawNumber } from "./atm-number.js";
import { $, show } from "./station.js";
import { announce, make, number, showYen, t, time, word, yen } from "./text.js";

const SIGNS = { asking: "#i-wait", paid: "#i-check", not_paid: "#i-cross", back: "#i-return" };
// Where in the three steps that are shown at the top each screen belongs.
const PLACES = { notes: "notes", found: "notes", code: "code", verdict: "done" };

let told = "";

/** Shows the step. `isNew`: the focus goes with it. */
export function draw(state, escrow, isNew) {
  const { step } = state;
  document.body.dataset.step = step;
  $("kiosk-top").hidden = false;
  for (const place of document.querySelectorAll(".kiosk-steps li")) {
    if (place.dataset.place === PLACES[step]) place.setAttribute("aria-current", "step");
    else place.removeAttribute("aria-current");
  }
  $("total-line").hidden = step === "start" || !escrow.yen;
  showYen($("total"), escrow.yen);
  if (step === "start") drawStart(state);
  if (step === "notes" || step === "found") drawNotes(escrow);
  if (step === "verdict") drawVerdict(state, escrow);
  if (!isNew) return;
  show(step);
  if (step !== "verdict") told = "";
  wrong("");
  // The scanner types into the field; the others are read aloud from their heading.
  (step === "code" ? $("scan") : document.querySelector(`#view-${step} h1`))?.focus();
}

export function wrong(text) {
  $("scan-problem").textContent = text;
  $("scan-problem").hidden = !text;
}

function drawStart({ here, closed, isThere }) {
  $("place").textContent = `${here.shop_name}, ${here.name}`;
  const why = isThere ? closed : t("atm_no_machine");
  $("closed").textContent = why;
  $("closed").hidden = !why;
  $("begin").disabled = !isThere;
}

function drawNotes(escrow) {
  const notes = (escrow.visit?.notes ?? []).map((note) => note.yen);
  showYen($("inserted"), escrow.yen);
  const kinds = [...new Set(notes)].sort((a, b) => b - a);
  $("notes").replaceChildren(...kinds.map((kind) => {
    return make("li", "", make("b", "", yen(kind)), ` × ${number(notes.filter((it) => it === kind).length)}`);
  }));
  $("full").hidden = escrow.yen < LIMIT;
  $("to-code").disabled = !escrow.yen;
  $("notes-back").textContent = escrow.yen ? t("atm_give_back") : t("atm_cancel");
  $("found-text").textContent = t("atm_found_text", { amount: yen(escrow.yen) });
}

function drawVerdict({ intent }, escrow) {
  const { visit } = escrow;
  if (!visit) return;
  const isBack = ["returning", "returned"].includes(visit.step);
  const verdict = isBack && !intent ? "back" : isBack ? "not_paid" : ["keeping", "kept"].includes(visit.step) ? "paid" : "asking";
  const isShown = verdict === "asking" && intent?.state === "showing" && Boolean(intent.bill);
  const stage = $("stage");
  [stage.dataset.verdict, stage.dataset.state] = [verdict, isShown ? "showing" : ""];
  $("verdict-sign").setAttribute("href", SIGNS[verdict]);
  $("verdict").textContent = isShown ? t("atm_scan_ours") : verdict === "back" ? t("atm_back") : word("verdict_top_up", verdict);
  showYen($("stage-amount"), escrow.yen);
  $("stage-text").textContent = explain(verdict, visit, intent);
  $("stage-notes").textContent = !isBack ? "" : visit.step === "returned" ? t("atm_notes_back") : t("atm_notes_coming");
  $("stage-notes").hidden = !isBack;
  $("help").textContent = t("atm_help", { number: visit.id.slice(0, 8) });
  $("help").hidden = visit.step !== "returned";
  $("stage-code").hidden = !isShown;
  if (isShown) drawCode(intent.bill);
  drawNumber(isShown ? intent.bill : null);
  $("stop").hidden = verdict !== "asking" || intent?.state === "canceling";
  $("print").hidden = !visit.receipt;
  $("finish").hidden = !["kept", "returned"].includes(visit.step);
  drawSlip(visit.receipt);
  const text = `${$("verdict").textContent}. ${$("stage-text").textContent} ${$("stage-notes").textContent}`;
  if (text !== told && verdict !== "asking") announce(text, true);
  told = text;
}

function explain(verdict, visit, intent) {
  if (verdict === "paid") return t("atm_paid_text");
  if (verdict === "asking") return word("atm_asking", intent?.state);
  return word("atm_refused", visit.reason);
}

function drawCode(bill) {
  for (const [id, kind] of [["link-qr", "link_qr_svg"], ["emv-qr", "qr_svg"]]) {
    const source = `data:image/svg+xml,${encodeURIComponent(bill.pictures.find((it) => it.kind === kind).data)}`;
    if ($(id).src !== source) $(id).src = source;
  }
}

/** What the slip says of a top-up: plain values, for the screen and for the machine's printer. */
export function receiptOf(here, intent) {
  const { id, amount, created_at, request_id } = intent.result ?? {};
  return {
    merchant: here.merchant_name, shop: here.shop_name, terminal: here.name, currency: "JPY",
    amount: amount ?? intent.body.amount, at: created_at ?? new Date(intent.settled_at).toISOString(),
    id: id ?? "", request_id: request_id ?? intent.id,
  };
}

function drawSlip(receipt) {
  if (!receipt) { $("slip-lines").replaceChildren(); return; }
  const lines = [[t("at"), time(receipt.at)], [t("atm_topped_up"), yen(receipt.amount)], [t("number"), receipt.id]];
  $("slip-shop").textContent = receipt.shop;
  $("slip-terminal").textContent = `${receipt.merchant}, ${receipt.terminal}`;
  $("slip-lines").replaceChildren(...lines.map(([name, value]) => make("div", "", make("dt", "", name), make("dd", "", value))));
}
