// The review as this browser knows it: one copy in memory, kept up by the server's changes, and who wants to know of which.
import { Problem } from "./device.js";

/** How often a change of one field is tried over what others write. */
const PATCHES_MAX = 5;

const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** A fresh key for an event, a comment or an open question. */
export const freshKey = () => [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

export class State {
  #items = new Map();
  #heard = new Map();
  /** What is being written from here, by its name: its echo may be faster than the reply. */
  #sent = new Map();

  /** `seat` is what this browser keeps, `api` sends with its key. */
  constructor(seat, api) {
    Object.assign(this, { seat, api, id: seat.id, number: 0, present: 0, people: {}, isDone: false, collected: 0, columns: 0 });
  }

  /** Reads the whole review, at first and whenever too much was missed. */
  async read() {
    const told = await this.api.send("GET", "/v1/review");
    const { id, role, number, chart, people, present, is_done: isDone, collected, columns } = told;
    const wasCollected = this.collected;
    Object.assign(this, { id, role, chart, people, present, isDone, collected, columns });
    this.number = Math.max(this.number, number);
    const there = new Set();
    for (const item of told.items) {
      there.add(`${item.kind}/${item.key}`);
      this.apply(item, false);
    }
    // What was erased meanwhile is not told.
    for (const [name, item] of this.#items) if (item.body !== null && !there.has(name)) this.apply({ ...item, version: item.version + 1, body: null }, false);
    this.emit("people");
    if (collected !== wasCollected) this.emit("table");
  }

  get name() { return this.body("case", "name")?.text ?? this.seat.name ?? ""; }
  get progress() { return this.body("progress", "review") ?? { state: "open", step: 1 }; }
  /** Whether this seat may write at all, and whether it may now. */
  get mayWrite() { return this.role !== "reader"; }
  get mayWriteNow() { return this.mayWrite && this.progress.state !== "complete"; }
  get mayLead() { return this.role === "facilitator"; }
  /** How many can have marks. */
  get markers() { return (this.people.facilitators ?? 0) + (this.people.participants ?? 0); }

  item(kind, key) { return this.#items.get(`${kind}/${key}`) ?? { kind, key, version: 0, body: null }; }
  body(kind, key) { return this.item(kind, key).body; }
  /** Every item of a kind that is there. */
  all(kind) { return [...this.#items.values()].filter((it) => it.kind === kind && it.body !== null); }
  /** Whether a kind has anything for a key. */
  has(kind, key) { return this.body(kind, key) !== null; }

  /** Calls back when `kind/key`, `kind/*`, `*`, `people`, `table` or `line` changed. */
  on(name, heard) {
    if (!this.#heard.has(name)) this.#heard.set(name, new Set());
    this.#heard.get(name).add(heard);
    return () => this.#heard.get(name).delete(heard);
  }

  emit(name, detail) { for (const heard of [...(this.#heard.get(name) ?? [])]) heard(detail); }

  /** Takes an item as it is now, unless a newer one is known. `isElsewhere`: somebody else wrote it. */
  apply({ kind, key, version, body }, isElsewhere) {
    const name = `${kind}/${key}`;
    const known = this.#items.get(name);
    if (known && known.version >= version) return;
    const item = { kind, key, version, body };
    this.#items.set(name, item);
    for (const place of [name, `${kind}/*`, "*"]) this.emit(place, { ...item, isElsewhere });
  }

  /** Takes a change that the server told. */
  change(change) {
    this.number = Math.max(this.number, change.number);
    if (change.kind === "table") {
      this.collected = Math.max(this.collected, change.number);
      this.columns = change.body?.columns ?? this.columns;
      this.emit("table", change);
      return;
    }
    const sent = this.#sent.get(`${change.kind}/${change.key}`);
    this.apply(change, sent === undefined || !same(sent, change.body));
  }

  /** Every change since the last one known. */
  async catchUp() {
    for (;;) {
      const { items } = await this.api.send("GET", `/v1/review/changes?after=${this.number}`);
      if (!items.length) return;
      for (const change of items) this.change(change);
    }
  }

  /**
   * Writes over the version that was seen. Throws a `Problem`; `changed_meanwhile` has `told.current`. A reply that was lost shows when
   * the same is sent again: then what is there is what was meant.
   */
  async put(kind, key, body, version = this.item(kind, key).version) {
    const told = await this.#written(`${kind}/${key}`, body, () => this.api.send("PUT", `/v1/review/items/${kind}/${key}`, { version, body }));
    this.apply({ kind, key, version: told.version, body }, false);
  }

  async erase(kind, key, version = this.item(kind, key).version) {
    const told = await this.#written(`${kind}/${key}`, null, () => this.api.send("DELETE", `/v1/review/items/${kind}/${key}?version=${version}`));
    this.apply({ kind, key, version: told.version, body: null }, false);
  }

  async #written(name, body, send) {
    this.#sent.set(name, body);
    try {
      return await send();
    } catch (problem) {
      const current = problem.told?.current;
      if (!(problem instanceof Problem) || problem.code !== "changed_meanwhile" || !current || !same(current.body, body)) throw problem;
      return current;
    } finally {
      this.#sent.delete(name);
    }
  }

  /**
   * Changes fields of an item and leaves the others as they are, whoever wrote them meanwhile. For switches and places in an order, where
   * there is nothing to compare. Does nothing to what was erased, unless there is a body to begin with.
   */
  async patch(kind, key, fields, begin = null) {
    for (let tries = 0; ; tries++) {
      const { body, version } = this.item(kind, key);
      const base = body ?? begin;
      if (!base) return;
      try {
        await this.put(kind, key, { ...base, ...fields }, version);
        return;
      } catch (problem) {
        const current = problem.code === "changed_meanwhile" && problem.told?.current;
        if (!current || tries >= PATCHES_MAX) throw problem;
        this.apply({ kind, key, ...current }, true);
      }
    }
  }

  /** Sends where the group is. */
  goOn(progress) { return this.patch("progress", "review", progress, this.progress); }
}

export { same };
