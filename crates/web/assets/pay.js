// The code, and what the wallet holds. A code renews by itself; a payment by it fills the screen.
import { now, send } from "./device.js";
import * as me from "./me.js";
import { explain, proven } from "./passkey.js";
import { openReceipt } from "./receipt.js";
import { announce, date, make, points, showYen, t, time, word, yen } from "./text.js";
import { connection, trouble } from "./shell.js";

const $ = (id) => document.getElementById(id);
// How long before a code ends the next one is shown, in milliseconds.
const AHEAD = 15000;
// How long a result fills the screen.
const SHOWN = 2000;

let isHere = false;
let code = null;
let issuing = false;
let ticking;
let lock;
let closing;

export function enter() {
  isHere = true;
  stayAwake();
  loadBalance();
  me.load().then(notice, trouble);
  if (!code || left() < AHEAD) issue();
  clearInterval(ticking);
  ticking = setInterval(tick, 1000);
  tick();
}

export function leave() {
  isHere = false;
  clearInterval(ticking);
  lock?.release().catch(() => undefined);
  lock = undefined;
}

export function forget() {
  hideCode();
  for (const id of ["balance", "points", "expiring", "lot-list", "notice"]) $(id).replaceChildren();
  $("lots").hidden = $("held").hidden = $("notice").hidden = true;
}

async function stayAwake() {
  try {
    if (!lock || lock.released) lock = await navigator.wakeLock?.request("screen");
  } catch {
    // A phone that is low on power may refuse; the code renews all the same.
  }
}

// The code.

const left = () => (code ? code.ends - Date.now() : 0);

async function issue() {
  if (issuing) return;
  issuing = true;
  $("card").setAttribute("aria-busy", "true");
  try {
    const asked = Date.now();
    const made = await send("POST", "/v1/codes", { pictures: ["code128_svg", "jpqr_svg"], use_points: $("use-points").checked });
    // By the server's reckoning, so that a phone's wrong clock shortens nothing.
    const life = Date.parse(made.expires_at) - Date.parse(made.issued_at);
    code = { ends: asked + life, life };
    draw(made);
    connection(null);
  } catch (error) {
    trouble(error);
    // One that is still good stays; whoever is at the till is not sent away by a lost packet.
    if (left() <= 0 || error.code === "not_this_device") cannotShow(error);
  } finally {
    issuing = false;
    $("card").removeAttribute("aria-busy");
  }
}

function draw(made) {
  const picture = (kind) => made.pictures.find((it) => it.kind === kind).data;
  const barcode = picture("code128_svg");
  const bars = $("barcode");
  bars.src = `data:image/svg+xml,${encodeURIComponent(barcode)}`;
  fit(bars, barcode);
  $("qr").src = `data:image/svg+xml,${encodeURIComponent(picture("jpqr_svg"))}`;
  $("digits").textContent = made.code.replace(/(\d{4})(?=\d)/g, "$1 ");
  $("digits").dataset.code = made.code;
  bars.hidden = $("qr").hidden = false;
  $("card-problem").hidden = true;
  document.querySelector(".card-code").hidden = false;
  $("card").dataset.state = "shown";
  tick();
}

// Every bar is a whole number of the screen's pixels wide, or scanners misread it.
function fit(image, svg) {
  const modules = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1] ?? 0);
  const scale = devicePixelRatio || 1;
  const room = Math.floor($("card").clientWidth * scale);
  if (!modules || !room) return;
  const wide = Math.max(1, Math.floor(room / modules));
  image.style.width = `${(wide * modules) / scale}px`;
}

function hideCode() {
  code = null;
  $("barcode").hidden = $("qr").hidden = true;
  $("barcode").removeAttribute("src");
  $("qr").removeAttribute("src");
  $("digits").textContent = "\u00a0";
  delete $("digits").dataset.code;
}

function cannotShow(error) {
  hideCode();
  const elsewhere = error.code === "not_this_device";
  const device = me.known()?.pays_from?.name ?? "?";
  const text = elsewhere ? t("code_elsewhere", { device }) : error.status === 0 ? t("code_offline") : t("code_unavailable");
  $("card-problem-text").textContent = text;
  $("card-action").textContent = elsewhere ? t("move_here") : t("try_again");
  $("card-action").hidden = false;
  $("card-action").onclick = () => (elsewhere ? moveHere() : issue());
  $("card-problem").hidden = false;
  document.querySelector(".card-code").hidden = true;
  $("card").dataset.state = "problem";
  if (elsewhere) me.load().then(tellElsewhere, () => undefined);
}

function tellElsewhere(it) {
  const cools = it.cooling_until ? ` ${t("cooling_plain", { date: time(it.cooling_until) })}` : "";
  $("card-problem-text").textContent = t("code_elsewhere", { device: it.pays_from?.name ?? "?" }) + cools;
  // It moves no further until then, so that a button would only say no.
  $("card-action").hidden = Boolean(cools);
}

export async function moveHere() {
  try {
    await proven(() => send("POST", "/v1/device/move-here"));
    await me.load().then(notice);
    await issue();
  } catch (error) {
    trouble(error);
    $("card-problem-text").textContent = explain(error) ?? "";
  }
}

function tick() {
  if (!isHere) return;
  if (document.visibilityState === "visible" && left() < AHEAD && $("card").dataset.state !== "problem") issue();
  const share = code ? Math.max(0, (left() - AHEAD) / (code.life - AHEAD)) : 0;
  $("ring").style.strokeDashoffset = String(100 - share * 100);
  const seconds = Math.max(0, Math.ceil((left() - AHEAD) / 1000));
  $("seconds").textContent = code ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : "\u00a0";
}

$("renew").addEventListener("click", () => issue().then(() => announce(t("renewed"))));
$("use-points").addEventListener("change", () => issue());
addEventListener("resize", () => { if (code) fit($("barcode"), decodeURIComponent($("barcode").src)); });

// What the wallet holds.

let asked = 0;

async function loadBalance() {
  const mine = ++asked;
  try {
    const it = await send("GET", "/v1/balances");
    if (mine !== asked) return;
    connection(null);
    showYen($("balance"), it.total);
    $("balance").classList.toggle("long", it.total > 9999999);
    $("points").textContent = points(it.points.amount);
    const held = it.balances.reduce((sum, account) => sum + account.held, 0);
    $("held").hidden = held === 0;
    $("held").textContent = t("held", { amount: yen(held) });
    $("use-points").closest("label").hidden = it.points.amount === 0 && !$("use-points").checked;
    const next = it.lots.filter((lot) => lot.expires_at).sort((a, b) => (a.expires_at < b.expires_at ? -1 : 1))[0];
    const text = !next ? t("nothing_expires")
      : next.account === "points" ? t("points_expire_next", { points: points(next.amount), date: date(next.expires_at) })
        : t("expires_next", { amount: yen(next.amount), date: date(next.expires_at) });
    $("expiring").textContent = text;
    $("lots").hidden = it.lots.length === 0;
    $("lot-list").replaceChildren(...it.lots.map((lot) => make("li", "",
      make("span", "", word("lot", lot.account), make("p", "small", lot.expires_at ? t("lot_until", { date: date(lot.expires_at) }) : t("lot_forever"))),
      make("b", "", lot.account === "points" ? points(lot.amount) : yen(lot.amount)))));
    frozen(it.state === "frozen");
  } catch (error) {
    if (mine !== asked) return;
    trouble(error);
    // What cannot be read is said to be so, and is never 0.
    $("balance").replaceChildren(make("span", "unknown", t("cannot_be_read")));
    $("points").textContent = "–";
    $("expiring").textContent = "\u00a0";
    $("lots").hidden = $("held").hidden = true;
  }
}

// What the member should know.

let isFrozen = false;

function frozen(is) {
  if (is === isFrozen) return;
  isFrozen = is;
  notice(me.known());
}

function notice(it) {
  const place = $("notice");
  const say = (kind, text, ...buttons) => {
    place.dataset.kind = kind;
    place.replaceChildren(make("p", "", text), make("div", "", ...buttons));
    place.hidden = false;
  };
  const button = (text, className, act) => {
    const made = make("button", className, text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  if (isFrozen) return say("alarm", t("frozen"));
  if (it?.was_taken) {
    const answer = (path) => async () => {
      try {
        await send("POST", path);
        await me.load().then(notice);
        await loadBalance();
      } catch (error) { trouble(error); announce(explain(error) ?? "", true); }
    };
    return say("alarm", t("taken_title", { device: it.pays_from?.name ?? "?" }),
      button(t("taken_yes"), "secondary", answer("/v1/device/consent")), button(t("taken_no"), "primary", answer("/v1/device/dispute")));
  }
  if (it?.pays_here && it.cooling_until) {
    const gaps = { date: time(it.cooling_until), amount: yen(it.cooling_limit ?? 0) };
    return say("quiet", it.cooling_limit === null ? t("cooling_plain", gaps) : t("cooling", gaps));
  }
  const wasAsked = localStorage.getItem("asked") === "1";
  if (it && it.passkeys < 2 && it.recovery_codes === 0 && !wasAsked && hasHistory()) {
    const later = () => { localStorage.setItem("asked", "1"); place.hidden = true; };
    const link = make("a", "button secondary", t("do_it"));
    link.href = "/me";
    return say("quiet", t("another_way"), link, button(t("later"), "text", later));
  }
  place.hidden = true;
  return undefined;
}

// Asked for once there is something to lose.
const hasHistory = () => !$("lots").hidden;

// What happens.

// What was told already, and since when this page can tell.
const told = new Set();
const since = now();

export function happened(name, line) {
  loadBalance();
  if (name === "recorded") tell(line);
  else catchUp();
}

// What was recorded while no stream was open, between two of them or before the first: the newest of it is told now.
async function catchUp() {
  try {
    const { items } = await send("GET", "/v1/history?limit=1");
    for (const line of items) if (Date.parse(line.created_at) >= since) tell(line);
  } catch (error) {
    trouble(error);
  }
}

function tell(line) {
  if (told.has(line.id)) return;
  told.add(line.id);
  const refused = line.refusal;
  const atTill = ["payment", "authorization", "top_up"].includes(line.kind);
  if (!refused && !["payment", "authorization", "top_up", "refund"].includes(line.kind)) return;
  if (refused && !atTill) return;
  // A code is good once; refused, it stays bound to that till.
  if (!refused && atTill) { hideCode(); if (isHere) issue(); }
  result(line);
}

function result(line) {
  const dialog = $("result");
  const refused = Boolean(line.refusal);
  dialog.dataset.kind = refused ? "refused" : "done";
  $("result-sign").setAttribute("href", refused ? "#i-cross" : "#i-check");
  $("result-word").textContent = refused ? word("result", "refused") : word("result", line.kind);
  showYen($("result-amount"), line.amount);
  $("result-shop").textContent = line.shop?.name ?? "";
  $("result-time").textContent = refused ? word("refused", line.refusal) : time(line.created_at);
  const earned = !refused && line.points_change > 0;
  $("result-points").textContent = earned ? t("earned", { points: points(line.points_change) }) : "";
  for (const open of document.querySelectorAll("dialog[open]")) open.close();
  dialog.showModal();
  navigator.vibrate?.(refused ? [80, 60, 80] : 60);
  announce(t("announce_paid", { word: $("result-word").textContent, amount: yen(line.amount), shop: line.shop?.name ?? "" }), true);
  clearTimeout(closing);
  if (refused) return;
  closing = setTimeout(() => {
    if (!dialog.open) return;
    dialog.close();
    openReceipt(line);
  }, SHOWN);
}

$("result-close").addEventListener("click", () => { clearTimeout(closing); $("result").close(); });
$("result").addEventListener("cancel", () => clearTimeout(closing));

