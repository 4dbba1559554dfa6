// What the pages of tills, ATMs and the sandbox share: becoming a terminal, being none any more, and speaking to the server.
import { enroll, known, remember, sender } from "./terminal.js";
import { language, t } from "./text.js";

export const $ = (id) => document.getElementById(id);

/** Shows one of the page's views. */
export function show(view) {
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${view}`;
}

/** Tells that nothing can be reached; what stands on the screen is what is known. */
export function offline(is) {
  $("banner").textContent = is ? t("offline") : "";
  $("banner").hidden = !is;
}

/** Asks for something that moves no money. Throws what it was told instead of a reply of 2xx: `status`, `code`. */
export async function ask(send, method, path, body) {
  let reply;
  try {
    reply = await send(method, path, body, { signal: AbortSignal.timeout(15000) });
  } catch (cause) {
    offline(true);
    throw Object.assign(new Error("no reply", { cause }), { status: 0, code: "offline" });
  }
  offline(reply.status >= 500);
  if (reply.status >= 200 && reply.status < 300) return reply.body;
  throw Object.assign(new Error(reply.body?.detail ?? "refused"), { status: reply.status, code: reply.body?.code ?? "unavailable" });
}

/** Waits until this browser is a terminal of one of these kinds ("till", "atm", "sandbox"), and tells which. */
export async function station(kinds) {
  for (const button of document.querySelectorAll("[data-lang]")) {
    if (button.dataset.lang === language) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      document.cookie = `lang=${button.dataset.lang}; Path=/; Max-Age=31536000; SameSite=Lax${location.protocol === "https:" ? "; Secure" : ""}`;
      location.reload();
    });
  }
  if (!window.indexedDB || !crypto.subtle || !navigator.locks) return nobody(t("no_store"));
  keepShell();
  const token = /^#(wfe_[\w-]+)$/.exec(location.hash)?.[1];
  // Out of sight, out of the history: whoever looks over a shoulder or comes later finds no link.
  if (token) history.replaceState(null, "", location.pathname);
  let found = await known().catch(() => null);
  if (found === null) return nobody(t("no_store"));
  if (token) {
    await enrolled(token, found);
    found = await known();
  }
  if (!found) return nobody(t("none_yet"));
  const send = await sender(found.id);
  const ask = () => send("GET", "/v1/terminal", undefined, { signal: AbortSignal.timeout(8000) });
  const isStranger = (it) => it.status === 401 && it.body?.code === "unauthorized";
  try {
    let told = await ask();
    if (isStranger(told)) told = await ask();
    // The key stays: a server that was mistaken knows it again later, and without it what is unsettled could not be settled.
    if (isStranger(told)) return nobody(t("revoked"));
    if (told.status === 200) await remember((found = told.body));
  } catch {
    // No answer: it goes on as what it was, for what is unsettled must be settled.
    offline(true);
  }
  const kind = found.book === "sandbox" ? "sandbox" : found.channel;
  if (!kinds.includes(kind)) {
    location.replace(`/${kind}`);
    return new Promise(() => undefined);
  }
  return found;
}

// A till that is opened again while the line is cut must open, to tell what it is still asking.
async function keepShell() {
  if (!("serviceWorker" in navigator)) return;
  const policy = window.trustedTypes?.createPolicy("warifu", { createScriptURL: (url) => { if (url !== "/sw.js") throw new TypeError(url); return url; } });
  try {
    await navigator.serviceWorker.register(policy ? policy.createScriptURL("/sw.js") : "/sw.js");
    await navigator.serviceWorker.ready;
    // This page came before the worker did, so that it is kept by hand the first time.
    const cache = await caches.open(`shell-${new URL(import.meta.url).pathname.split("/")[2]}`);
    const files = performance.getEntriesByType("resource").map((it) => new URL(it.name).pathname);
    await cache.addAll([location.pathname, ...files.filter((it) => it.startsWith("/assets/"))]);
    document.documentElement.dataset.kept = "";
  } catch {
    // A browser that keeps nothing opens the till when the line is back.
  }
}

function nobody(text) {
  $("none-text").textContent = text;
  $("none-again").addEventListener("click", () => location.reload());
  show("none");
  return new Promise(() => undefined);
}

/** Asks whether this is the right browser, for a link is good once. */
function enrolled(token, before) {
  $("enroll-before").textContent = before ? t("enroll_before", { name: `${before.shop_name}, ${before.name}` }) : "";
  $("enroll-before").hidden = !before;
  show("enroll");
  return new Promise((resolve) => {
    $("enroll").addEventListener("click", async () => {
      $("enroll").disabled = true;
      $("enroll-problem").hidden = true;
      const reply = await enroll(token).catch((error) => ({ status: error instanceof DOMException && error.name !== "TimeoutError" ? -1 : 0 }));
      $("enroll").disabled = false;
      if (reply.status === 201) return resolve();
      const texts = { 401: t("link_used"), 0: t("offline"), [-1]: t("no_store") };
      $("enroll-problem").textContent = texts[reply.status] ?? t("try_later");
      $("enroll-problem").hidden = false;
      return undefined;
    });
  });
}

/** What the scanner read, as the server wants it: digits or Base64, nothing around it. */
export const scanned = (text) => text.replace(/[\s\u200b]/g, "");

/** An amount and a code in what was typed into one field: a scanner does not ask where the cursor stands. */
export function apart(text) {
  const plain = scanned(text).replaceAll(",", "");
  const match = /^(\d{0,7})((?:\d{24})|(?:hQ[\w+/]+={0,2}))$/.exec(plain);
  return match ? { amount: match[1], code: match[2] } : { amount: plain.replace(/\D/g, ""), code: "" };
}
