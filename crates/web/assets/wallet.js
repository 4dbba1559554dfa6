// The member's wallet: which place is shown, and what is known of the member. Nothing of it is kept when the page goes.
import * as bill from "./bill.js";
import { hasKey, send } from "./device.js";
import * as history from "./history.js";
import * as live from "./live.js";
import * as me from "./me.js";
import { explain, obstacle, offer, recover, signIn, signUp, stopOffering } from "./passkey.js";
import * as pay from "./pay.js";
import * as scanPlace from "./scan-place.js";
import { connection, trouble, whenGone } from "./shell.js";
import { announce, language, t } from "./text.js";
import * as topUp from "./top-up.js";

const $ = (id) => document.getElementById(id);
const VIEWS = { "/": "pay", "/history": "history", "/top-up": "top-up", "/me": "me", "/scan": "scan" };
const rooms = { pay, history, "top-up": topUp, me, scan: scanPlace, bill };

/** The view of a path; `undefined` if it is none of the app's. */
const viewOf = (path) => VIEWS[path] ?? (/^\/(bill|shop)\/\w+$/.test(path) ? "bill" : undefined);
let signedIn = false;
// Counts the ways in that were begun: what an earlier one came to is not told any more.
let attempts = 0;

function show(view) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${view}`;
  $("nav").hidden = !rooms[view];
  for (const link of $("nav").querySelectorAll("a")) {
    if (link.dataset.view === (view === "bill" || view === "scan" ? "pay" : view)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** Goes to a place of the app. */
function go(path, push = true) {
  const view = viewOf(path) ?? "pay";
  if (push && location.pathname !== path) window.history.pushState(null, "", path);
  for (const [name, room] of Object.entries(rooms)) if (name !== view) room.leave?.();
  show(view);
  scrollTo(0, 0);
  rooms[view].enter();
}

function lost(text) {
  signedIn = false;
  live.close();
  for (const room of Object.values(rooms)) room.leave?.();
  for (const room of Object.values(rooms)) room.forget?.();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  start(text);
}

function told(name, what) {
  if (name === "signed-out") return lost(t("signed_out"));
  if (name === "cut") return connection(what);
  connection(null);
  pay.happened(name, what);
  history.happened(name);
  return undefined;
}

async function enter() {
  stopOffering();
  signedIn = true;
  go(viewOf(location.pathname) ? location.pathname : "/", false);
  live.open(told);
}

/** The page of somebody who is not known. */
async function start(problem) {
  show("start");
  const place = $("start-problem");
  const say = (text) => { place.textContent = text ?? ""; place.hidden = !text; };
  say(problem);
  const cannot = obstacle();
  for (const button of document.querySelectorAll("#view-start button:not([data-lang])")) button.disabled = Boolean(cannot);
  if (cannot) return say(cannot);
  const mine = attempts;
  try {
    if (await offer()) await enter();
  } catch (error) {
    // Whoever did not choose one there has the buttons.
    if (mine !== attempts) return undefined;
    if (error.code && error.status !== 0) say(explain(error));
    if (error.status === 0) connection(error);
  }
  return undefined;
}

/** One way in: everything else waits until it has ended. */
async function by(way, button) {
  attempts += 1;
  button.disabled = true;
  $("start-problem").hidden = true;
  try {
    await way();
    connection(null);
    await enter();
  } catch (error) {
    const text = error.code === "passkey_refused" && way === recoverByCode ? t("recovery_failed") : explain(error);
    $("start-problem").textContent = text ?? "";
    $("start-problem").hidden = !text;
  } finally {
    button.disabled = false;
  }
}

const recoverByCode = () => recover($("recovery-code").value);

$("sign-up").addEventListener("click", (event) => by(signUp, event.currentTarget));
$("sign-in-form").addEventListener("submit", (event) => { event.preventDefault(); by(signIn, $("sign-in")); });
$("recovery-form").addEventListener("submit", (event) => { event.preventDefault(); by(recoverByCode, event.submitter); });
$("sign-out").addEventListener("click", async () => {
  try {
    await send("POST", "/v1/sign-out");
    lost(t("signed_out"));
  } catch (error) {
    trouble(error);
    announce(explain(error) ?? "", true);
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.metaKey || event.ctrlKey || event.button !== 0) return;
  if (link.origin === location.origin && viewOf(link.pathname) && !link.hash) {
    event.preventDefault();
    go(link.pathname);
    $("main").focus({ preventScroll: true });
  }
});
addEventListener("popstate", () => { if (signedIn) go(location.pathname, false); });
addEventListener("online", () => { if (signedIn) { connection(null); live.open(told); rooms[viewOf(location.pathname) ?? "pay"].enter(); } });
// A page that is kept aside must not keep a connection: a browser has six to a server.
addEventListener("pagehide", () => live.close());
addEventListener("pageshow", (event) => { if (event.persisted && signedIn) live.open(told); });
addEventListener("offline", () => connection({ status: 0 }));
document.addEventListener("visibilitychange", () => {
  if (!signedIn || document.visibilityState !== "visible") return;
  live.open(told);
  // A camera that was left is not opened again behind somebody's back.
  if (location.pathname !== "/scan") rooms[viewOf(location.pathname) ?? "pay"].enter();
});

for (const button of document.querySelectorAll("[data-lang]")) {
  if (button.dataset.lang === language) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => {
    document.cookie = `lang=${button.dataset.lang}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
    location.reload();
  });
}

if ("serviceWorker" in navigator) {
  const policy = window.trustedTypes?.createPolicy("warifu", { createScriptURL: (url) => { if (url !== "/sw.js") throw new TypeError(url); return url; } });
  navigator.serviceWorker.register(policy ? policy.createScriptURL("/sw.js") : "/sw.js").catch(() => undefined);
}

bill.whenPaid(() => { go("/"); pay.happened("missed"); }, (path, push) => { window.history[push ? "replaceState" : "pushState"](null, "", path); go(path, false); });
whenGone(() => lost(t("signed_out")));

// Somebody who has a key was here before. Whether the session still lives is told by the first request.
if (!obstacle() && (await hasKey().catch(() => false))) {
  try {
    await me.load();
    await enter();
  } catch (error) {
    if (error.status === 401) start("");
    else {
      // No answer: the wallet is shown as it is, with what cannot be read said to be so.
      connection(error);
      await enter();
    }
  }
} else start("");
