// The sandbox: codes that make the server do what it rarely does, and what a till made of it.
import { $, ask, show, station } from "./station.js";
import { sender } from "./terminal.js";
import { announce, make, number, sign, t, word } from "./text.js";

const FAULTS = ["plain", "time_out", "unknown", "late_success", "duplicate", "insufficient_balance", "code_expired", "limit_exceeded"];
// Refusals that are on no list, but that a till meets.
const WORDS = ["wallet_frozen", "wallet_closed", "code_unknown", "code_bound", "code_consumed", "terminal_frozen", "shop_closed"];
// How often the list is read, in milliseconds.
const READ = 2000;
const SIGNS = { waiting: "i-wait", passed: "i-check", failed: "i-cross" };

const here = await station(["sandbox"]);
const send = await sender(here.id);
let ends = 0;
let made = null;
let asked = 0;
let shown = "";

$("shop").textContent = here.shop_name;
$("terminal").textContent = here.name;

// The switches.

const chosen = () => {
  const value = document.querySelector("[name=scenario]:checked")?.value;
  return value === "other" ? $("word").value : value;
};

function option(name, extra) {
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "scenario", value: name });
  radio.addEventListener("change", issue);
  const code = name === "other" ? null : make("code", "", name);
  return make("div", "switch-line", make("label", "", radio, make("span", "knob"), make("span", "what", make("b", "", word("sandbox_play", name)), code)), extra);
}

const words = Object.assign(make("select", "", ...WORDS.map((it) => Object.assign(make("option", "", it), { value: it }))), { id: "word" });
words.setAttribute("aria-label", t("sandbox_word"));
words.addEventListener("change", () => { document.querySelector("[value=other]").checked = true; issue(); });
$("switches").replaceChildren(...FAULTS.map((name) => option(name)), option("other", words));

// The code.

async function issue() {
  const scenario = chosen();
  if (!scenario) return;
  const mine = ++asked;
  problem("code-problem", "");
  try {
    const begun = Date.now();
    const told = await ask(send, "POST", "/v1/sandbox/codes", { scenario, pictures: ["code128_svg", "jpqr_svg"] });
    // A newer one has ended this one.
    if (mine !== asked) return;
    made = told;
    ends = begun + Date.parse(told.expires_at) - Date.parse(told.issued_at);
    drawCode();
    $("code").scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (mine === asked) problem("code-problem", error.status === 0 ? t("offline") : t("try_later"));
  }
}

function drawCode() {
  const picture = (kind) => made.pictures.find((it) => it.kind === kind).data;
  const source = (kind) => `data:image/svg+xml,${encodeURIComponent(picture(kind))}`;
  $("code").hidden = false;
  $("code-empty").hidden = true;
  $("barcode").src = source("code128_svg");
  $("qr").src = source("jpqr_svg");
  fit();
  $("digits").textContent = made.code.replace(/(\d{4})(?=\d)/g, "$1 ");
  $("digits").dataset.code = made.code;
  $("code-plays").replaceChildren(make("code", "", made.scenario));
  tick();
}

// Every bar is a whole number of the screen's pixels wide, or scanners misread it.
function fit() {
  const svg = made?.pictures.find((it) => it.kind === "code128_svg").data;
  const [, modules, height] = /viewBox="0 0 (\d+) (\d+)/.exec(svg ?? "") ?? [];
  const scale = devicePixelRatio || 1;
  const room = Math.floor(document.querySelector(".paper-code").clientWidth * scale);
  if (!modules || !room) return;
  const module = Math.max(1, Math.floor(room / modules)) / scale;
  $("barcode").style.width = `${module * modules}px`;
  // Without the picture's own digits, which are 12 modules high: they stand beneath, larger.
  $("barcode").style.height = `${module * (height - 14)}px`;
}
addEventListener("resize", fit);

function tick() {
  if (!made) return;
  const left = Math.max(0, Math.ceil((ends - Date.now()) / 1000));
  $("left").textContent = left ? t("sandbox_left", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` }) : t("sandbox_over");
  $("code").dataset.state = left ? "good" : "over";
}
setInterval(tick, 500);

$("again").addEventListener("click", issue);
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(made.code);
    announce(t("sandbox_copied"));
    $("copy").textContent = t("sandbox_copied");
    setTimeout(() => { $("copy").textContent = t("sandbox_copy"); }, 2000);
  } catch {
    // A browser that copies nothing lets them be chosen by hand.
    getSelection().selectAllChildren($("digits"));
  }
});

// A bill.

$("bill-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  problem("bill-problem", "");
  try {
    await ask(send, "POST", `/v1/sandbox/bills/${encodeURIComponent($("bill-id").value.trim())}/pay`);
    problem("bill-problem", t("sandbox_bill_done"), true);
  } catch (error) {
    problem("bill-problem", error.status === 0 ? t("offline") : t("sandbox_bill_refused", { word: error.code }));
  }
});

function problem(id, text, isGood = false) {
  $(id).textContent = text;
  $(id).hidden = !text;
  $(id).classList.toggle("good", isGood);
}

// The list.

async function read() {
  try {
    const told = await ask(send, "GET", "/v1/sandbox/trials");
    problem("list-problem", "");
    $("checks").dataset.state = "read";
    const text = JSON.stringify(told);
    if (text !== shown) drawList(told);
    shown = text;
  } catch (error) {
    if (error.status === 401) location.reload();
    // An old list would be taken for the present one.
    problem("list-problem", t("cannot_be_read"));
    $("checks").dataset.state = "old";
  }
}

function drawList({ passed, checks }) {
  const focus = document.activeElement?.dataset?.check;
  $("count").textContent = passed ? t("sandbox_passed") : t("sandbox_count", { n: number(checks.filter((it) => it.state === "passed").length), of: number(checks.length) });
  $("count").dataset.state = passed ? "passed" : "";
  $("checks").replaceChildren(...checks.map(line));
  if (focus) document.querySelector(`[data-check="${focus}"]`)?.focus();
}

function line(it) {
  const isByCode = ["payment", "top_up"].includes(it.kind);
  const name = make("p", "check-name", make("b", "", word("line", it.kind)), isByCode ? make("code", "", it.scenario) : null);
  const state = make("p", "check-state", word("sandbox_state", it.state), it.settled_by && it.state === "passed" ? make("small", "", ` ${word("sandbox_settled", it.settled_by)}`) : null);
  const row = make("li", "check", make("span", "check-sign", SIGNS[it.state] ? sign(SIGNS[it.state]) : null), name, state);
  row.dataset.state = it.state;
  row.dataset.name = `${it.kind}.${it.scenario}`;
  const says = it.state === "failed" ? word("sandbox_flaw", it.flaw) : it.state === "waiting" ? word("sandbox_do", "waiting") : !isByCode && it.state === "open" ? word("sandbox_do", it.kind) : "";
  if (isByCode && it.state !== "passed") row.append(remedy(it));
  if (says) row.append(make("p", "check-says", says));
  if (it.request_id) row.append(make("p", "check-id", it.request_id));
  return row;
}

function remedy(it) {
  const button = make("button", "text", word("sandbox_do", "code"));
  button.type = "button";
  button.dataset.check = `${it.kind}.${it.scenario}`;
  button.setAttribute("aria-label", `${word("sandbox_do", "code")}: ${it.scenario}`);
  button.addEventListener("click", () => {
    document.querySelector(`[name=scenario][value=${it.scenario}]`).checked = true;
    issue();
  });
  return button;
}

$("anew").addEventListener("click", () => $("sure").showModal());
$("sure-no").addEventListener("click", () => $("sure").close());
$("sure-yes").addEventListener("click", async () => {
  $("sure").close();
  try {
    await ask(send, "DELETE", "/v1/sandbox/trials");
  } catch {
    problem("list-problem", t("try_later"));
  }
  read();
});

show("work");
await read();
// One at a time, and none while nobody looks.
for (;;) {
  await new Promise((resolve) => { setTimeout(resolve, READ); });
  if (!document.hidden) await read();
}
