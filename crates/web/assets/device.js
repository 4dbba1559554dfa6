// The device's key, which never leaves the browser, and requests that it signs.
const STORE = "keys";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("warifu", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** What this browser keeps of itself: keys that cannot leave it. */
export async function stored(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** A key that can sign here and cannot leave. */
export const makePair = () => crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);

/** Its public half, as the server wants it. */
export const publicKey = async (made) => encode(await crypto.subtle.exportKey("raw", made.publicKey));

let pair;

/** The key of this device; made if there is none and one is wanted. */
async function key(wanted) {
  pair ??= await stored("readonly", (store) => store.get("device"));
  if (!pair && wanted) {
    pair = await makePair();
    const made = pair;
    await stored("readwrite", (store) => store.put(made, "device"));
    // Browsers give up unused data first of sites that did not ask. A refusal costs the member one passkey prompt later.
    navigator.storage?.persist?.().catch(() => false);
  }
  return pair;
}

export const hasKey = async () => Boolean(await key(false));

/** What this device is told to the server as: its public key, and a name that its member knows it by. */
export async function describe() {
  const made = await key(true);
  return { public_key: await publicKey(made), name: deviceName() };
}

function deviceName() {
  const agent = navigator.userAgent;
  const first = (list) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const browser = first([[/Edg\//, "Edge"], [/Firefox\//, "Firefox"], [/CriOS|Chrome\//, "Chrome"], [/Safari\//, "Safari"]]);
  const system = first([[/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Mac OS X/, "Mac"], [/Windows/, "Windows"], [/Linux/, "Linux"]]);
  return [browser ?? "Browser", system].filter(Boolean).join(", ");
}

export const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
export const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** A reply that says no, or none at all (`status` 0). `code` is the stable word. */
export class Problem extends Error {
  constructor(status, code, detail) {
    super(detail || code);
    this.status = status;
    this.code = code;
  }
}

// How far this device's clock is from the server's, in milliseconds.
let skew = 0;

/** The time by the server's clock, give or take half a minute. */
export const now = () => Date.now() + skew;

/** Goes by the date of a reply, in milliseconds, if the own clock is far from it; says whether it did. */
export function setClock(date) {
  const was = skew;
  if (date && Math.abs(date - now()) > 30000) skew = date - Date.now();
  return skew !== was;
}

/** The proof that a request with this body is the key's: `prefix` is what is signed before it, a list. */
export async function prove(made, prefix, method, path, text) {
  const bytes = new TextEncoder();
  const digest = await crypto.subtle.digest("SHA-256", bytes.encode(text));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const seconds = Math.floor(now() / 1000);
  const nonce = encode(crypto.getRandomValues(new Uint8Array(16)));
  const signed = [...prefix, method, path, seconds, nonce, hex].join("\n");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, made.privateKey, bytes.encode(signed));
  return `time=${seconds}, nonce=${nonce}, signature=${encode(signature)}`;
}

/** Sends a request that this device signed. Returns the reply's JSON; throws a `Problem`. */
export async function send(method, path, body, again = true) {
  const made = await key(method !== "GET");
  if (!made) throw new Problem(401, "no_key");
  const text = body === undefined ? "" : JSON.stringify(body);
  const headers = { "warifu-device": await prove(made, ["WARIFU-DEVICE"], method, path, text) };
  if (body !== undefined) headers["content-type"] = "application/json";
  let reply;
  try {
    const signal = AbortSignal.timeout(15000);
    reply = await fetch(path, { method, headers, body: body === undefined ? undefined : text, signal, cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Problem(0, "offline");
  }
  const isClockSet = setClock(Date.parse(reply.headers.get("date") ?? ""));
  if (reply.status === 401 && again && isClockSet) return send(method, path, body, false);
  if (reply.status === 204) return null;
  const told = await reply.json().catch(() => null);
  // Browsers send a request once more when its connection broke: the first of the two may have been done.
  if (told?.code === "nonce_used") throw new Problem(503, "unavailable");
  if (!reply.ok) throw new Problem(reply.status, told?.code ?? "unavailable", told?.detail);
  if (told === null) throw new Problem(503, "unavailable");
  return told;
}
