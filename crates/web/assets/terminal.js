// This browser as a terminal: the key that never leaves it, and requests that it signs. The same key signs for the terminal that works
// with money and for the one that is for practising; the terminal's id is under the signature.
import { makePair, prove, publicKey, setClock, stored } from "./device.js";

const read = (name) => stored("readonly", (store) => store.get(name));
const keep = (name, value) => stored("readwrite", (store) => store.put(value, name));

/** What this browser was told of the terminal that it is; `undefined` if it is none. */
export const known = () => read("station");

async function exchange(method, path, text, headers, signal) {
  const reply = await fetch(path, { method, headers, body: text || undefined, signal, cache: "no-store", credentials: "omit" });
  const body = await reply.json().catch(() => null);
  const date = Date.parse(reply.headers.get("date") ?? "") || undefined;
  return { status: reply.status, body, date, retryAfter: Number(reply.headers.get("retry-after")) || undefined };
}

/**
 * Becomes the terminal that a link was made for. The key is made new, so that an earlier terminal of this browser is not it any more, and is
 * kept before the link is taken: whoever asks again with the same key is told the same.
 */
export async function enroll(token, signal = AbortSignal.timeout(15000)) {
  let pending = await read("pending");
  if (pending?.token !== token) {
    pending = { token, pair: await makePair() };
    await keep("pending", pending);
  }
  const { pair } = pending;
  const body = JSON.stringify({ token, device: { public_key: await publicKey(pair), name: "till" } });
  const reply = await exchange("POST", "/v1/enrollments", body, { "content-type": "application/json" }, signal);
  if (reply.status !== 201) return reply;
  await stored("readwrite", (store) => {
    store.put(pair, "terminal");
    store.delete("pending");
    return store.put(reply.body, "station");
  });
  // Browsers give up unused data first of sites that did not ask.
  await navigator.storage?.persist?.().catch(() => false);
  return reply;
}

/** Keeps what the terminal is called now. */
export const remember = (station) => keep("station", station);

/** `send(method, path, body, {signal})` of the terminal with this id, as till.js wants it: it rejects if there was no reply. */
export async function sender(id) {
  const pair = await read("terminal");
  return async function send(method, path, body, { signal } = {}, again = true) {
    const text = body === undefined ? "" : JSON.stringify(body);
    const proof = await prove(pair, ["WARIFU-TERMINAL", id], method, path, text);
    const headers = { authorization: `Warifu-ECDSA-P256 terminal=${id}, ${proof}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const reply = await exchange(method, path, text, headers, signal);
    const isClockSet = setClock(reply.date);
    // Refused for the clock, it was not looked at: asked again by the right time.
    if (reply.status === 401 && again && isClockSet) return send(method, path, body, { signal }, false);
    return reply;
  };
}
