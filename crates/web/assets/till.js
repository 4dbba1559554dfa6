// A till that cannot lose money: what the cashier wants is stored before it is sent, and settled whatever happens then. For till makers:
// docs/guides/till-module.md. It needs no other file.
//
// An intent is one thing that the cashier wants. Its `verdict` is "asking", "paid" (of top-ups, refunds and cancels: done) or "not_paid".
// What is not "asking" is final, and was stored before anybody was told. Its `state`, and what moves it:
//
//   state       does                             is told                               becomes
//   sending     POST the request                 201                                   settled: paid; a bill: showing
//                                                422                                   settled: not_paid, the refusal's word
//                                                400, 401, 403, 404, 413, 415          settled: not_paid, "not_sent"
//                                                429, overloaded                       sending, after Retry-After
//                                                anything else, or nothing             asking
//   asking      GET .../by-request/ID            200                                   settled: as the document's state says
//               at 404 POST the same again       201, 422                              as for sending
//                                                anything else, or nothing             asking
//   showing     GET .../by-request/ID            200                                   settled: as the document's state says
//   canceling   POST .../by-request/ID/cancel    201, 422 already_canceled             settled: not_paid, "canceled"
//               at another 422 GET .../ID        200                                   settled: as the document's state says
//                                                404                                   canceling, by a new cancel_id
//                                                anything else, or nothing             canceling
//
// The first three become canceling when they are stopped or out of patience, but for refunds and cancels, which go on until they are
// told. An intent that is found in the store as sending is asking: nobody knows whether it left.

const KINDS = {
  payment: { path: "/v1/payments", inquiry: "/v1/payments/by-request/", canBeCanceled: true },
  top_up: { path: "/v1/top-ups", inquiry: "/v1/top-ups/by-request/", canBeCanceled: true },
  bill: { path: "/v1/bills", inquiry: "/v1/payments/by-request/", canBeCanceled: true, isShown: true },
  top_up_bill: { path: "/v1/bills", inquiry: "/v1/top-ups/by-request/", canBeCanceled: true, isShown: true },
  refund: { path: "/v1/refunds", inquiry: "/v1/refunds/by-request/" },
  cancel: {},
};

// What a recorded payment, top-up or refund comes to. A state that is not known here says nothing.
const PAID = ["captured", "authorized", "partially_refunded", "refunded", "completed"];
const NOT_PAID = ["refused", "canceled", "voided", "expired"];
const outcome = ({ status, body }) => status !== 200 ? undefined : PAID.includes(body.state) ? "paid"
  : NOT_PAID.includes(body.state) ? "not_paid" : undefined;

// In milliseconds: how long a reply is waited for, and how long until the next request.
const TIMES = { money: 30000, inquiry: 15000, again: 3000, againAtMost: 10000, showing: 1000, afterBill: 15000, retryAtMost: 60000 };

const SILENCE = { status: 0, body: { code: "no_reply" } };

/** What the Till will not do. `code`: not_stored, standby, closed, unknown_intent, not_settled, cannot_be_stopped, no_locks. */
export class TillError extends Error {
  constructor(code, detail, cause) {
    super(detail, { cause });
    this.code = code;
  }
}

/** Events: `change`, whose `detail` is the intent; `standby`, whose `detail` is whether another window drives this terminal. */
export class Till extends EventTarget {
  standby = false;
  #send; #store; #now; #clock; #wait; #patience; #times; #alone; #network;
  #runs = new Map();
  #closing = new AbortController();
  #resumed; #isReady = false; #release;
  #wake = () => { for (const run of this.#runs.values()) run.pause?.abort(); };

  /**
   * `send(method, path, body, {signal})` gives `{status, body, retryAfter, date}`: the document or null, the header Retry-After in
   * seconds, the header Date in milliseconds if there is one. It rejects if there was no reply.
   * `store`: `put(intent)`, `delete(id)` and `all()`, which resolve when it is on disk, and reject otherwise.
   * `alone(signal, waiting)` resolves to a function that lets go, once no other window drives this terminal.
   */
  constructor({ send, store, now = Date.now, clock = () => performance.now(), wait = pause, patience = 60000, timeouts = {},
    alone = async () => () => undefined, network = globalThis }) {
    super();
    [this.#send, this.#store, this.#now, this.#clock, this.#wait] = [send, store, now, clock, wait];
    [this.#patience, this.#times, this.#alone, this.#network] = [patience, { ...TIMES, ...timeouts }, alone, network];
  }

  /** A Till that keeps its intents in this browser. `name` is the terminal's: one for each terminal that this browser is. */
  static async open({ send, name, locks = globalThis.navigator?.locks, ...options }) {
    if (!locks) throw new TillError("no_locks", "This page has no Web Locks: serve it over TLS or from localhost.");
    const store = browserStore(`warifu-till-${name}`);
    await store.all();
    return new Till({ send, store, alone: (signal, waiting) => alone(locks, `warifu-till-${name}`, signal, waiting), ...options });
  }

  /** Takes up what was left behind. In a second window it waits until the first is gone. */
  resume() {
    this.#resumed ??= this.#takeOver().catch((error) => { this.#resumed = undefined; throw error; });
    return this.#resumed;
  }

  async #takeOver() {
    this.#mustBeOpen();
    const release = await this.#alone(this.#closing.signal, () => this.#stand(true));
    try {
      const kept = await this.#store.all();
      this.#mustBeOpen();
      this.#isReady = true;
      this.#release = release;
      for (const it of kept) this.#take(it.state === "sending" ? { ...it, state: "asking" } : it);
    } catch (error) {
      release();
      throw error;
    }
    this.#network.addEventListener?.("online", this.#wake);
    this.#stand(false);
  }

  #mustBeOpen() {
    if (this.#closing.signal.aborted) throw new TillError("closed", "This till is closed.");
  }

  #stand(by) {
    if (this.standby === by) return;
    this.standby = by;
    this.dispatchEvent(new CustomEvent("standby", { detail: by }));
  }

  /** Ends it: what is unsettled stays in the store for the next `resume`. */
  async close() {
    this.#closing.abort();
    this.#isReady = false;
    this.#network.removeEventListener?.("online", this.#wake);
    for (const run of this.#runs.values()) { run.pause?.abort(); run.attempt?.abort(); }
    // No other window may begin while something here still writes.
    await Promise.allSettled([...this.#runs.values()].map((run) => run.driven));
    this.#release?.();
    this.#release = undefined;
  }

  // What the cashier wants. Each resolves to the intent once it is stored, and rejects if it was not: then nothing was sent.

  pay({ code, amount, items, metadata }) { return this.#begin("payment", { code, amount, currency: "JPY", items, metadata }); }
  topUp({ code, amount, metadata }) { return this.#begin("top_up", { code, amount, currency: "JPY", metadata }); }

  bill({ kind, amount, items, metadata }) {
    return this.#begin(kind === "top_up" ? "top_up_bill" : "bill", { kind, amount, currency: "JPY", items, metadata });
  }

  refund({ payment_id, amount, reason }) {
    return this.#begin("refund", { payment_id, amount, currency: "JPY", reason }, { of: { kind: "payment", id: payment_id } });
  }

  async cancel({ kind, id, reason }) {
    return this.#begin("cancel", { reason }, { of: { kind, id }, path: `${KINDS[kind].path}/${encodeURIComponent(id)}/cancel` });
  }

  /** The customer has gone or pays otherwise. Resolves once this is stored, or the intent was settled before it. */
  async stop(id) {
    const run = this.#run(id);
    if (!KINDS[run.intent.kind].canBeCanceled) throw new TillError("cannot_be_stopped", "Refunds and cancels go on until they are told.");
    if (!run.stopping && !hasDecided(run.intent)) {
      run.stopping = true;
      run.pause?.abort();
      run.attempt?.abort();
    }
    return this.#when(id, hasDecided);
  }

  /** Those kept, newest first. */
  intents() { return [...this.#runs.values()].map((run) => run.intent).sort((a, b) => b.began_at - a.began_at); }

  /** The intent, once its verdict is final. */
  settled(id) { return this.#when(id, isSettled); }

  /** Removes a settled intent from the store. */
  async forget(id) {
    if (!isSettled(this.#run(id).intent)) throw new TillError("not_settled", "What is not settled is not forgotten.");
    await this.#store.delete(id);
    this.#runs.delete(id);
  }

  #run(id) {
    const run = this.#runs.get(id);
    if (!run) throw new TillError("unknown_intent", `There is no intent ${id}.`);
    return run;
  }

  async #when(id, test) {
    const run = this.#run(id);
    if (test(run.intent)) return run.intent;
    return new Promise((resolve) => {
      const look = () => {
        if (!test(run.intent)) return;
        this.removeEventListener("change", look);
        resolve(run.intent);
      };
      this.addEventListener("change", look);
    });
  }

  async #begin(kind, wanted, rest = {}) {
    this.#mustBeOpen();
    if (!this.#isReady) throw new TillError("standby", "Another window works with this terminal, or resume() was not awaited.");
    const id = makeId(this.#now());
    // As it is sent, so that it is the same whenever it is sent again.
    const body = JSON.parse(JSON.stringify({ request_id: id, ...wanted }));
    const { path, canBeCanceled } = KINDS[kind];
    const intent = { id, kind, path, body, began_at: this.#now(), state: "sending", verdict: "asking", ...rest };
    if (canBeCanceled) Object.assign(intent, { lasts: this.#patience, cancel_id: makeId(this.#now()) });
    try {
      await this.#store.put(intent);
      this.#mustBeOpen();
    } catch (error) {
      // A store may have kept it and failed all the same.
      await this.#store.delete(id).catch(() => undefined);
      throw new TillError("not_stored", "It could not be stored, so nothing was sent.", error);
    }
    this.#take(intent);
    return intent;
  }

  // How an intent is driven.

  #take(intent) {
    const run = { intent, takenUpAt: this.#clock(), stopping: false, silences: 0 };
    this.#runs.set(intent.id, run);
    if (isSettled(intent)) return;
    this.#tell(run);
    run.driven = this.#drive(run);
  }

  async #drive(run) {
    while (!isSettled(run.intent) && !this.#closing.signal.aborted) {
      let left;
      try {
        left = await this.#step(run);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        // What was not stored was not told to anybody; but what was sent may have been done. Nor is it known what the store says now:
        // nothing leaves until it says this.
        const state = run.intent.state === "sending" ? "asking" : run.intent.state;
        run.isDoubtful = true;
        this.#show(run, { state, problem: { status: 0, code: "not_stored", detail: String(error) } });
        left = this.#times.again;
      }
      if (left && !this.#closing.signal.aborted && !this.#mustDecide(run)) await this.#pause(run, left);
    }
  }

  /** Gives the milliseconds until the next step. */
  async #step(run) {
    const { state } = run.intent;
    if (run.isDoubtful) await this.#keep(run, {});
    if (state === "canceling") return this.#cancelNow(run);
    if (this.#mustDecide(run)) return this.#decide(run);
    if (state === "sending" && this.#isOver(run)) return this.#decide(run);
    return state === "sending" ? this.#sendNow(run) : this.#ask(run);
  }

  async #sendNow(run) {
    const { intent } = run;
    const reply = await this.#request(run, "POST", intent.path, intent.body);
    const word = reply.body.code;
    if (reply.status === 201 && KINDS[intent.kind].isShown) return this.#showBill(run, reply);
    if (reply.status === 201) return this.#settle(run, "paid", undefined, reply.body);
    if (reply.status === 422) {
      const isDone = intent.kind === "cancel" && word === "already_canceled";
      return this.#settle(run, isDone ? "paid" : "not_paid", word, reply.body);
    }
    // Of an attempt that was unknown, what is told to a later one says nothing.
    // A browser whose connection broke may send again by itself: the copy's nonce is used, and the first may have been done.
    const isCopy = reply.body?.code === "nonce_used";
    const isNotDone = intent.state === "sending" && [400, 401, 403, 404, 413, 415].includes(reply.status) && !isCopy;
    if (isNotDone) return this.#settle(run, "not_paid", "not_sent", reply.body);
    return this.#later(run, reply, isNotNow(reply) ? intent.state : "asking");
  }

  async #ask(run) {
    const { intent } = run;
    if (intent.kind === "cancel") return this.#sendNow(run);
    const reply = await this.#request(run, "GET", KINDS[intent.kind].inquiry + intent.id);
    if (outcome(reply)) return this.#settleAs(run, reply);
    // Only now: what is paid already needs no cancel because the till slept too long.
    if (run.stopping || this.#isOver(run)) return this.#decide(run);
    if (reply.status !== 404) return this.#later(run, reply);
    if (intent.state !== "showing") return this.#sendNow(run);
    run.silences = 0;
    if (intent.problem) this.#show(run, { problem: undefined });
    return this.#times.showing;
  }

  async #cancelNow(run) {
    const { id, kind, cancel_id } = run.intent;
    const path = KINDS[kind].inquiry + id;
    const reply = await this.#request(run, "POST", `${path}/cancel`, { request_id: cancel_id });
    const word = reply.body.code;
    if (reply.status === 201 || word === "already_canceled") return this.#settle(run, "not_paid", "canceled", reply.body);
    const isRefused = reply.status === 422;
    if (!isRefused && word !== "request_id_conflict") return this.#later(run, reply);
    const found = isRefused ? await this.#request(run, "GET", path) : SILENCE;
    if (outcome(found)) return this.#settleAs(run, found, word);
    // What was refused is refused for ever under this id.
    if (!isRefused || found.status === 404) await this.#keep(run, { cancel_id: makeId(this.#now()) });
    return this.#later(run, found.status ? reply : found);
  }

  #decide(run) {
    return this.#keep(run, { state: "canceling", body: withoutCode(run.intent.body), bill: undefined, problem: undefined });
  }

  #showBill(run, { body, date }) {
    // By the server's clock: this one may be wrong.
    const life = Date.parse(body.expires_at) - (date ?? (Date.parse(body.issued_at) || this.#now()));
    return this.#keep(run, { state: "showing", bill: body, lasts: this.#age(run) + Math.max(life || 0, 0) + this.#times.afterBill });
  }

  #settleAs(run, reply, refusedCancel) {
    const reason = outcome(reply) === "paid" ? refusedCancel : reply.body.refusal ?? reply.body.state;
    return this.#settle(run, outcome(reply), reason, reply.body);
  }

  #settle(run, verdict, reason, result) {
    const body = withoutCode(run.intent.body);
    const rest = { bill: undefined, problem: undefined, settled_at: this.#now() };
    return this.#keep(run, { state: "settled", verdict, reason, result, body, ...rest });
  }

  // Both clocks: one may be set back, the other stands still while the machine sleeps.
  #age(run) { return Math.max(this.#now() - run.intent.began_at, this.#clock() - run.takenUpAt); }
  #isOver(run) { return run.intent.lasts !== undefined && this.#age(run) > run.intent.lasts; }
  #mustDecide(run) { return run.stopping && !hasDecided(run.intent); }

  async #keep(run, changes) {
    this.#mustBeOpen();
    await this.#store.put({ ...run.intent, ...changes });
    run.isDoubtful = false;
    this.#show(run, changes);
  }

  #show(run, changes) {
    run.intent = { ...run.intent, ...changes };
    this.#tell(run);
  }

  #tell(run) { this.dispatchEvent(new CustomEvent("change", { detail: run.intent })); }

  /** A reply with a document of the server's, or silence: what stands between may answer as it likes. */
  async #request(run, method, path, body) {
    const attempt = new AbortController();
    run.attempt = attempt;
    const limit = method === "GET" ? this.#times.inquiry : this.#times.money;
    try {
      const sent = (async () => this.#send(method, path, body, { signal: attempt.signal }))();
      const reply = await Promise.race([sent, this.#wait(limit, attempt.signal)]);
      const word = reply?.status < 300 ? reply.body?.id : reply?.body?.code;
      return typeof word === "string" ? reply : SILENCE;
    } catch {
      return SILENCE;
    } finally {
      attempt.abort();
      run.attempt = undefined;
    }
  }

  #later(run, reply, state = run.intent.state) {
    run.silences = reply.status ? 0 : run.silences + 1;
    const { code, detail } = reply.body;
    const isNews = run.intent.state !== state || run.intent.problem?.code !== code;
    if (isNews) this.#show(run, { state, problem: { status: reply.status, code, detail } });
    const { again, againAtMost, retryAtMost } = this.#times;
    if (isNotNow(reply)) return Math.min(Math.max(Number(reply.retryAfter) || 1, 1) * 1000, retryAtMost);
    return Math.min(again * 1.5 ** Math.max(run.silences - 1, 0), againAtMost);
  }

  async #pause(run, milliseconds) {
    run.pause = new AbortController();
    await this.#wait(milliseconds, run.pause.signal);
    run.pause = undefined;
  }
}

const isSettled = (intent) => intent.state === "settled";
const hasDecided = (intent) => intent.state === "canceling" || isSettled(intent);
const isNotNow = (reply) => reply.status === 429 || (reply.status === 503 && reply.body.code === "overloaded");
// The digits of a code are a secret of the member's.
const withoutCode = ({ code, ...body }) => body;

function makeId(time) {
  const random = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Math.max(time, 0).toString(36)}-${random}`;
}

/** Resolves after so many milliseconds, or when `signal` is aborted. */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, milliseconds);
    return signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** Intents in IndexedDB, on disk when a promise resolves. */
export function browserStore(name) {
  async function act(mode, request) {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("intents", { keyPath: "id" });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction("intents", mode, { durability: "strict" });
        const asked = request(transaction.objectStore("intents"));
        transaction.oncomplete = () => resolve(asked.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }
  // Browsers give up unused data first of sites that did not ask.
  globalThis.navigator?.storage?.persist?.().catch(() => false);
  return {
    put: (intent) => act("readwrite", (store) => store.put(intent)),
    delete: (id) => act("readwrite", (store) => store.delete(id)),
    all: () => act("readonly", (store) => store.getAll()),
  };
}

/** Waits until this window has the lock; `waiting` is called if another has it. */
function alone(locks, name, signal, waiting) {
  return new Promise((granted, failed) => {
    const hold = () => new Promise((release) => { granted(release); });
    locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock) return hold();
      waiting();
      locks.request(name, { signal }, hold).catch(failed);
      return undefined;
    }).catch(failed);
  });
}
