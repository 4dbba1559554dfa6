// How to top up, and points made into yen.
import { send } from "./device.js";
import { number, points, t, yen } from "./text.js";
import { connection, trouble } from "./shell.js";

const $ = (id) => document.getElementById(id);
let have = 0;
// The same request until it is answered, so that a second tap after a lost answer does nothing twice.
let request = null;

export async function enter() {
  try {
    const it = await send("GET", "/v1/balances");
    connection(null);
    have = it.points.amount;
    $("exchange-have").textContent = have > 0 ? t("exchange_have", { points: points(have) }) : t("exchange_none");
    $("exchange").hidden = have === 0;
  } catch (error) {
    trouble(error);
    $("exchange-have").textContent = t("cannot_be_read");
    $("exchange").hidden = true;
  }
}

export function forget() { have = 0; $("exchange-have").textContent = ""; say(""); }

function say(text, good = false) {
  $("exchange-told").textContent = text;
  $("exchange-told").hidden = !text;
  $("exchange-told").classList.toggle("good", good);
}

$("exchange").addEventListener("submit", async (event) => {
  event.preventDefault();
  const amount = Number($("exchange-amount").value.normalize("NFKC").replace(/[,\s]/g, ""));
  if (!Number.isInteger(amount) || amount < 1 || amount > have) return say(t("exchange_bad", { n: number(have) }));
  if (request?.amount !== amount) request = { amount, request_id: crypto.randomUUID() };
  event.submitter.disabled = true;
  try {
    await send("POST", "/v1/top-ups/from-points", { request_id: request.request_id, amount });
    request = null;
    $("exchange-amount").value = "";
    await enter();
    $("exchange").hidden = false;
    say(t("exchange_done", { amount: yen(amount) }), true);
  } catch (error) {
    trouble(error);
    if (error.status === 422) request = null;
    say(error.status === 0 ? t("offline") : error.status >= 500 ? t("unavailable") : t("failed"));
  } finally {
    event.submitter.disabled = false;
  }
  return undefined;
});
