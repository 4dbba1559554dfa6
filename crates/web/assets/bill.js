// The shop's own code: opened by the camera or a link, looked at, and confirmed with the passkey. A bill is paid once, however often the
// button is tapped. Cash of a machine waits for the number that stands here and is typed there.
import { now, send } from "./device.js";
import { confirm, explain } from "./passkey.js";
import { moveHere } from "./pay.js";
import { connection, trouble } from "./shell.js";
import { announce, make, showYen, t, time, word, yen } from "./text.js";

const $ = (id) => document.getElementById(id);
// How often it is asked what became of a bill while that is not known, in milliseconds.
const AGAIN = 2000;

let isHere = false;
let shown = null;
let ticking;
let asking;
let paid = () => undefined;
let go = () => undefined;

/** What happens when a bill was settled, and how to get to another place. */
export function whenPaid(act, goes) { [paid, go] = [act, goes]; }

export function enter() {
  isHere = true;
  clearInterval(ticking);
  ticking = setInterval(tick, 1000);
  const [, kind, id] = location.pathname.split("/");
  if (kind === "bill") load(id);
  else openCode(`${location.origin}${location.pathname}`);
}

export function leave() {
  isHere = false;
  shown = null;
  clearInterval(ticking);
  clearTimeout(asking);
  stand("loading");
}

export const forget = leave;

function stand(state, text = "") {
  $("view-bill").dataset.state = state;
  $("bill-body").hidden = state === "loading" || state === "gone";
  $("bill-amount-form").hidden = state !== "amount";
  $("bill-sum").hidden = state === "amount";
  $("bill-pay").hidden = $("bill-balance").hidden = state !== "open";
  $("bill-left").hidden = state !== "open" && state !== "claimed";
  $("bill-claim").hidden = state !== "claimed";
  $("bill-when").hidden = state !== "paid";
  $("bill-points-line").hidden = state !== "open" || shown?.kind === "top_up";
  $("bill-told").textContent = text;
  $("bill-told").hidden = !text;
}

/** Opens what a code or a link of a shop leads to, with an amount where it names none. */
export async function openCode(code, amount) {
  try {
    const read = await send("POST", "/v1/shop-codes/open", { code, amount });
    connection(null);
    if (read.bill_id) return go(`/bill/${read.bill_id}`, true);
    if (!location.pathname.startsWith("/shop/")) return go(`/shop/${read.place.terminal_id}`, true);
    $("bill-shop").textContent = read.place.shop_name;
    $("bill-merchant").textContent = read.place.merchant_name;
    $("bill-amount-form").onsubmit = (event) => { event.preventDefault(); enterAmount(code); };
    stand("amount");
    $("bill-amount").focus();
  } catch (error) {
    trouble(error);
    // Where an amount was entered it stays, to be tried again.
    const isNone = error.status === 400 || error.status === 404;
    const isEntered = amount !== undefined && $("view-bill").dataset.state === "amount";
    stand(isEntered && !isNone ? "amount" : "gone", isNone ? t("bill_unknown") : error.status === 429 ? t("bill_too_many") : explain(error));
  }
  return undefined;
}

function enterAmount(code) {
  const amount = Number($("bill-amount").value);
  if (Number.isInteger(amount) && amount > 0) openCode(code, amount);
  else { $("bill-told").textContent = t("bill_amount_wrong"); $("bill-told").hidden = false; }
}

async function load(id) {
  clearTimeout(asking);
  try {
    const bill = await send("GET", `/v1/bills/${id}`);
    connection(null);
    if (!isHere || location.pathname !== `/bill/${id}`) return;
    draw(bill);
  } catch (error) {
    trouble(error);
    if (!isHere) return;
    if (error.status === 404) stand("gone", t("bill_unknown"));
    else if (shown?.id === id) later(id);
    else { stand("gone", t("cannot_be_read")); later(id); }
  }
}

const later = (id) => { clearTimeout(asking); asking = setTimeout(() => { if (isHere) load(id); }, AGAIN); };

function draw(bill) {
  $("bill-shop").textContent = bill.shop_name;
  $("bill-merchant").textContent = bill.merchant_name;
  const was = shown?.id === bill.id ? shown.state : "";
  shown = bill;
  $("bill-word").textContent = bill.kind === "top_up" ? t("bill_receive") : t("bill_amount");
  showYen($("bill-sum-yen"), bill.amount);
  $("bill-items").replaceChildren(...bill.items.map((it) => make("li", "", make("span", "", `${it.name} × ${it.quantity}`), make("b", "", yen(it.unit_price * it.quantity)))));
  $("bill-pay").textContent = bill.kind === "top_up" ? t("bill_take", { amount: yen(bill.amount) }) : t("bill_pay", { amount: yen(bill.amount) });
  if (bill.state === "open") { stand("open"); balance(bill); tick(); return; }
  if (bill.state === "settling") { stand("asking", t("bill_asking")); later(bill.id); return; }
  if (bill.state === "claimed") {
    stand("claimed");
    $("bill-number").textContent = bill.number;
    if (was !== "claimed") announce(`${t("bill_number")} ${[...bill.number].join(" ")}`, true);
    tick();
    later(bill.id);
    return;
  }
  if (bill.state === "paid" && was === "claimed") { paid(); return; }
  $("bill-when").textContent = bill.settled ? time(bill.settled.created_at) : "";
  stand(bill.state, told(bill));
}

function told({ kind, settled, state }) {
  if (state === "refused") return word("refused", settled.refusal);
  return state === "paid" && kind === "top_up" ? word("bill", "received") : word("bill", state);
}

// Whether it can be paid, before it is tried: a refusal would end the bill.
async function balance(bill) {
  if (bill.kind === "top_up") return;
  try {
    const it = await send("GET", "/v1/balances");
    if (!isHere || shown?.id !== bill.id) return;
    const points = $("bill-points").checked ? it.points.amount : 0;
    $("bill-points-line").hidden = it.points.amount === 0;
    const isEnough = it.total + points >= bill.amount;
    $("bill-pay").disabled = !isEnough;
    $("bill-balance").textContent = isEnough ? t("bill_balance", { amount: yen(it.total) }) : t("bill_too_small", { amount: yen(it.total) });
    $("bill-balance").classList.toggle("problem", !isEnough);
  } catch (error) {
    trouble(error);
    $("bill-balance").textContent = t("cannot_be_read");
  }
}

function tick() {
  if (shown?.state !== "open" && shown?.state !== "claimed") return;
  const left = Math.ceil((Date.parse(shown.expires_at) - now()) / 1000);
  $("bill-left").textContent = left > 0 ? t("bill_left", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` }) : "";
  if (left <= 0) load(shown.id);
}

async function pay() {
  const bill = shown;
  let hasBegun = false;
  $("bill-pay").disabled = true;
  try {
    const { ceremony, options } = await send("POST", `/v1/bills/${bill.id}/confirm`);
    hasBegun = true;
    const credential = await confirm(options);
    stand("asking", t("bill_asking"));
    const reply = await send("POST", `/v1/bills/${bill.id}/pay`, { ceremony, credential, use_points: $("bill-points").checked });
    connection(null);
    if (!reply.number) paid();
    else if (isHere && shown?.id === bill.id) draw({ ...bill, state: "claimed", number: reply.number });
  } catch (error) {
    trouble(error);
    if (!isHere) return;
    if (error.code === "not_this_device") {
      stand("open", t("bill_elsewhere"));
      $("bill-move").hidden = false;
    } else if (error.status === 0 || error.status >= 400) {
      // What became of it is told by the bill itself: paid, refused, or open still, and then it can be tapped again.
      const text = error.code !== "passkey_refused" ? "" : hasBegun ? explain(error) : t("bill_no_passkey");
      await load(bill.id);
      if (text && isHere) { $("bill-told").textContent = text; $("bill-told").hidden = false; }
    } else {
      stand("open", explain(error) ?? "");
    }
    announce($("bill-told").textContent, true);
  } finally {
    $("bill-pay").disabled = false;
  }
}

$("bill-pay").addEventListener("click", pay);
$("bill-points").addEventListener("change", () => { if (shown) balance(shown); });
$("bill-move").addEventListener("click", async () => {
  await moveHere();
  $("bill-move").hidden = true;
  if (shown) load(shown.id);
});
