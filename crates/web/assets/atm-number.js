// The number that a phone shows for this machine's code, typed by the customer: on the buttons, on a keyboard, or into the field. It is
// sent with its fourth digit. Whatever the reply, what became of the cash is told by the till's own inquiry.
import { $, ask } from "./station.js";
import { t } from "./text.js";

const LENGTH = 4;
// A scanner types a whole code, faster than anybody: digits that are followed so soon are nobody's number. In milliseconds.
const SOON = 250;

let send;
let bill = null;
let isSending = false;
let sending;
let ignoredUntil = 0;

const field = () => $("number");
const say = (text, isProblem = true) => {
  $("number-told").textContent = text;
  $("number-told").hidden = !text;
  $("number-told").classList.toggle("problem", isProblem);
};

/** The bill whose code is shown; null if there is none. */
export function drawNumber(shown) {
  $("number-form").hidden = !shown;
  if (bill?.id === shown?.id) return;
  bill = shown;
  isSending = false;
  clear();
  say("");
}

function clear() {
  clearTimeout(sending);
  field().value = "";
  field().readOnly = false;
}

function changed() {
  clearTimeout(sending);
  const digits = field().value.normalize("NFKC").replace(/\D/g, "");
  const now = performance.now();
  if (digits.length > LENGTH || now < ignoredUntil) {
    ignoredUntil = now + SOON;
    field().value = "";
    return;
  }
  field().value = digits;
  if (digits) say("");
  if (digits.length === LENGTH) sending = setTimeout(release, SOON);
}

async function release() {
  clearTimeout(sending);
  const number = field().value;
  if (!bill || isSending || number.length !== LENGTH) return;
  const { id } = bill;
  isSending = field().readOnly = true;
  say(t("atm_number_sent"), false);
  let text = "";
  try {
    await ask(send, "POST", `/v1/bills/${id}/release`, { number });
  } catch (error) {
    // These two are told by the inquiry.
    const isSettled = error.status === 422 || error.code === "bill_closed";
    if (!isSettled) text = error.code === "number_unknown" ? t("atm_number_unknown") : t("atm_number_again");
  }
  if (bill?.id !== id) return;
  isSending = false;
  if (!text) return;
  clear();
  say(text);
}

function type(key) {
  if (!bill || isSending) return;
  field().value = key === "Backspace" ? field().value.slice(0, -1) : field().value + key;
  changed();
}

/** Begins to listen. `sends` signs and sends as this terminal. */
export function listen(sends) {
  send = sends;
  $("number-form").addEventListener("submit", (event) => { event.preventDefault(); release(); });
  field().addEventListener("input", changed);
  for (const button of document.querySelectorAll("#number-form [data-key]")) button.addEventListener("click", () => type(button.dataset.key));
  document.addEventListener("keydown", (event) => {
    if (event.target === field() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^\d$/.test(event.key) || event.key === "Backspace") type(event.key);
  });
}
