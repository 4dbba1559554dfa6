// The seats that this browser has: one key a review, so that nobody can tell that two seats are one person's. Keys stay here.
import { encode, stored } from "./device.js";

const SEAT = "review:";
const PENDING = "review-pending:";
const LINK = "review-link:";
const LAST = "\uffff";

/** What stands for a link without being one. */
export async function digest(text) {
  return encode(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

const get = (name) => stored("readonly", (store) => store.get(name));
const put = (name, value) => stored("readwrite", (store) => store.put(value, name));
const drop = (name) => stored("readwrite", (store) => store.delete(name));

/** A key that has no seat yet. */
export const freshKey = () => `wfr_${encode(crypto.getRandomValues(new Uint8Array(32)))}`;

/** Every seat `{id, key, role, name}`, in the order of their names. */
export async function seats() {
  const all = await stored("readonly", (store) => store.getAll(IDBKeyRange.bound(SEAT, SEAT + LAST)));
  return all.sort((a, b) => a.name.localeCompare(b.name, document.documentElement.lang));
}

export const seat = (id) => get(SEAT + id);
export const keepSeat = (it) => put(SEAT + it.id, it);
export const dropSeat = (id) => drop(SEAT + id);

/** The review in which this browser took a seat by this link before. */
export async function byLink(token) {
  const id = await get(LINK + (await digest(token)));
  return id && seat(id);
}

export const keepLink = async (token, id) => put(LINK + (await digest(token)), id);

/**
 * The key of something that was begun, kept before anything is sent: when a reply is lost, the same key asks again and finds what the
 * first request did. `what` is a link, or what is sent.
 */
export async function pendingKey(what) {
  const name = PENDING + (await digest(what));
  const before = await get(name);
  if (before) return before;
  const key = freshKey();
  await put(name, key);
  // Browsers give up unused data first of sites that did not ask.
  navigator.storage?.persist?.().catch(() => false);
  return key;
}

export const settle = async (what) => drop(PENDING + (await digest(what)));

/** A draft that outlives the page: what was written and not yet saved, or `null`. */
export function draft(name) {
  try {
    return JSON.parse(localStorage.getItem(`draft:${name}`));
  } catch {
    return null;
  }
}

/** Keeps a draft; `null` forgets it. Says whether it could. */
export function keepDraft(name, value) {
  try {
    if (value === null) localStorage.removeItem(`draft:${name}`);
    else localStorage.setItem(`draft:${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** Forgets every draft of a review. */
export function dropDrafts(id) {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(`draft:${id}:`) || name === `practise:${id}`);
    for (const name of names) localStorage.removeItem(name);
  } catch {
    // A browser that keeps nothing has none.
  }
}
