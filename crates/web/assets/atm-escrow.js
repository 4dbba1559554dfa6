// The notes of one customer, from the slot to the verdict: what the machine holds back, and what is to become of it. Every step is on
// disk before anybody is told of it, so that after a crash it is known what to do. It must not know what is shown.
//
//   step        the notes                       becomes
//   open        are held back by the machine    keeping: the top-up is paid; returning: it is not, or there was none
//   keeping     are to be kept                  kept: the machine said so
//   returning   are to be given back            returned: the machine said so
//
// Whether a top-up was asked for is not written here but in the intent, which names the visit: the one is never without the other.

/** The most that is taken at once, in yen. */
export const LIMIT = 100000;
/** The notes that there are, in yen. */
export const NOTES = [1000, 2000, 5000, 10000];

const sum = (notes) => notes.reduce((yen, note) => yen + note.yen, 0);

/** Events: `change`, once something is on disk. */
export class Escrow extends EventTarget {
  #disk;
  #visit;
  #last = Promise.resolve();

  /** `disk`: `read(name)` and `change(name, from => to)`, which resolve when it is on disk. */
  static async open(disk) {
    const escrow = new Escrow();
    escrow.#disk = disk;
    escrow.#visit = await disk.read("visit");
    return escrow;
  }

  /** The customer's visit; `undefined` while no note is there. */
  get visit() { return this.#visit; }
  get yen() { return sum(this.#visit?.notes ?? []); }
  get room() { return LIMIT - this.yen; }

  /** What the machine is to do with the notes; `undefined` if it has nothing to do. The same `id` is the same order. */
  get order() {
    const { id, step, notes } = this.#visit ?? {};
    if (step !== "keeping" && step !== "returning") return undefined;
    const what = step === "keeping" ? "keep" : "return";
    return { id: `${id}-${what}`, what, yen: sum(notes), notes: notes.map((note) => note.id) };
  }

  /** Whether the note is in the book now. The same id is the same note. `mayTake` is asked when it is its turn. */
  async insert(yen, id, mayTake) {
    let isIn = false;
    await this.#change((visit) => {
      isIn = Boolean(visit?.notes.some((note) => note.id === id));
      if (isIn || !mayTake() || !NOTES.includes(yen) || yen > this.room || (visit && visit.step !== "open")) return visit;
      isIn = true;
      const before = visit ?? { id: crypto.randomUUID(), began_at: Date.now(), step: "open", notes: [] };
      return { ...before, notes: [...before.notes, { id, yen }] };
    });
    return isIn;
  }

  /** The notes are to be kept, for the top-up of this receipt. */
  keep(receipt) { return this.#step("open", { step: "keeping", receipt }); }

  /** The notes are to be given back, and why. */
  giveBack(reason) { return this.#step("open", { step: "returning", reason }); }

  /** The machine has carried out an order. */
  done(id) {
    return this.#change((visit) => {
      if (!visit || this.order?.id !== id) return visit;
      return { ...visit, step: visit.step === "keeping" ? "kept" : "returned" };
    });
  }

  /** The customer has gone. Never before the notes have gone their way. */
  finish() {
    return this.#change((visit) => (visit && !["kept", "returned"].includes(visit.step) ? visit : undefined));
  }

  /** Resolves when nothing is being written. */
  settled() { return this.#last.catch(() => undefined); }

  #step(from, change) {
    return this.#change((visit) => (visit?.step === from ? { ...visit, ...change } : visit));
  }

  // One after the other, each upon what the one before has written.
  #change(make) {
    const turn = this.#last.catch(() => undefined).then(async () => {
      const visit = make(this.#visit);
      if (visit === this.#visit) return;
      await this.#disk.change("visit", () => visit);
      this.#visit = visit;
      this.dispatchEvent(new Event("change"));
    });
    this.#last = turn;
    return turn;
  }
}

/** A small book in this browser, on disk when a promise resolves. */
export async function disk(name) {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("book");
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const act = (mode, use) => new Promise((resolve, reject) => {
    const transaction = database.transaction("book", mode, { durability: "strict" });
    let found;
    use(transaction.objectStore("book"), (value) => { found = value; });
    transaction.oncomplete = () => resolve(found);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
  return {
    read: (key) => act("readonly", (book, tell) => {
      const asked = book.get(key);
      asked.onsuccess = () => tell(asked.result);
    }),
    change: (key, make) => act("readwrite", (book, tell) => {
      const asked = book.get(key);
      asked.onsuccess = () => {
        const value = make(asked.result);
        if (value === undefined) book.delete(key);
        else book.put(value, key);
        tell(value);
      };
    }),
  };
}
