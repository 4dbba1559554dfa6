// Proves till.js: seeded schedules of everything that goes wrong, against a model of the server that was written from docs/interface.md.
//
// In each schedule a cashier wants some things, and stops some. Requests and replies are lost, late, doubled and answered by what stands
// between; the server refuses, is overloaded, fails before, after and while it records, restarts, and freezes the terminal; members pay
// bills; the store fails; the clock is set; the till crashes at any point, and another takes up what it left. Then the network heals,
// everything must come to a verdict, what is late arrives, and the verdicts are held against the books. `run` needs no network, no
// disk and no real time.

const MINUTE = 60000;
const CHAOS = 5 * MINUTE;
// By then everything is settled, whatever the clock was set to.
const SETTLED = CHAOS + 15 * MINUTE;

/** Runs `seeds` (how many, or which). `module` is where till.js is. */
export async function run(seeds, module = new URL("../../assets/till.js", import.meta.url).href) {
  const { Till } = await import(module);
  const faults = {};
  const verdicts = {};
  const failures = [];
  let schedules = 0;
  for (const seed of typeof seeds === "number" ? Array.from({ length: seeds }, (_, at) => at + 1) : seeds) {
    const world = new World(seed, Till, faults);
    try {
      await world.play();
      for (const it of world.store.intents()) count(verdicts, `${it.kind} ${it.verdict}`);
    } catch (error) {
      world.fail(String(error.stack ?? error));
    }
    for (const what of world.failures) failures.push({ seed, what, trace: world.trace.slice(-60) });
    schedules += 1;
  }
  return { schedules, faults, verdicts, failures };
}

const NOT_READ = [[401, "unauthorized"], [403, "forbidden"], [400, "invalid_request"]];

// The state of what was done.
const DONE = { payment: "captured", top_up: "completed", refund: "completed" };

const count = (counts, name) => { counts[name] = (counts[name] ?? 0) + 1; };

/** Numbers that are the same for the same seed (mulberry32). */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let it = Math.imul(state ^ (state >>> 15), state | 1);
    it ^= it + Math.imul(it ^ (it >>> 7), it | 61);
    return ((it ^ (it >>> 14)) >>> 0) / 4294967296;
  };
  return {
    chance: (share) => next() < share,
    between: (from, to) => from + next() * (to - from),
    one: (list) => list[Math.floor(next() * list.length)],
  };
}

/** Time that passes when nothing is left to do at this moment. */
class Clock {
  now = 0;
  #due = [];
  #number = 0;

  after(milliseconds, act) {
    const entry = { at: this.now + milliseconds, number: (this.#number += 1), act };
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#due[middle].at > entry.at) low = middle + 1;
      else high = middle;
    }
    this.#due.splice(low, 0, entry);
    return () => { entry.act = undefined; };
  }

  async run(isEnough, until) {
    for (;;) {
      // Promises come first: none in till.js is longer than this chain.
      for (let hop = 0; hop < 24; hop += 1) await undefined;
      if (isEnough()) return true;
      const next = this.#due.pop();
      if (!next) return false;
      if (next.at > until) { this.#due.push(next); return false; }
      this.now = next.at;
      next.act?.();
    }
  }
}

/** The interface as docs/interface.md says it, as far as a till meets it. */
class Server {
  frozen = false;
  #replies = new Map();
  #canceledFirst = new Map();
  #number = 0;
  records = new Map();
  bills = new Map();
  codes = new Map();

  constructor(clock) { this.clock = clock; }

  /** What was recorded under a request_id, of the kinds that move money. */
  under(request) { return [...this.records.values()].find((it) => it.request_id === request); }

  /** Recorded by another terminal, before. */
  earlier(kind, amount) { return this.#record(kind, { request_id: `earlier-${kind}-${amount}`, amount }, DONE[kind]); }

  answer(method, path, body) {
    const [, , route, second, third, fourth] = path.split("/");
    const kind = { payments: "payment", "top-ups": "top_up", refunds: "refund", bills: "bill" }[route];
    if (method === "GET") return this.#inquire(kind, third);
    const said = JSON.stringify([path, body]);
    const first = this.#replies.get(body.request_id);
    if (first) return first.said === said ? first.reply : problem(409, "request_id_conflict");
    const bySomething = second === "by-request" ? third : second;
    const isCancel = (fourth ?? third) === "cancel";
    const reply = isCancel ? this.#cancel(kind, second === "by-request", bySomething, body) : this.#create(kind, body);
    const isDecided = reply.status === 201 || (reply.status === 422 && !this.#canceledFirst.has(body.request_id));
    if (isDecided) this.#replies.set(body.request_id, { said, reply });
    return reply;
  }

  #inquire(kind, request) {
    const it = this.under(request);
    if (it?.kind === kind) return { status: 200, body: { ...it } };
    const first = this.#canceledFirst.get(request);
    if (first?.kind === kind) return { status: 200, body: { id: first.id, state: "canceled" } };
    return problem(404, "not_found");
  }

  #create(kind, body) {
    const held = this.#canceledFirst.get(body.request_id);
    if (held) return problem(422, "already_canceled");
    if (kind === "bill") return this.#bill(body);
    const refuse = (word) => {
      this.#record(kind, body, "refused").refusal = word;
      return problem(422, word);
    };
    if (this.frozen) return refuse("terminal_frozen");
    if (kind === "refund") {
      const paid = this.records.get(body.payment_id);
      if (paid?.kind !== "payment") return problem(404, "not_found");
      if (paid.state === "canceled") return refuse("already_canceled");
      if (paid.refunded + body.amount > paid.amount) return refuse("refund_exceeds_captured");
      paid.refunded += body.amount;
      paid.state = paid.refunded === paid.amount ? "refunded" : "partially_refunded";
      return { status: 201, body: { ...this.#record(kind, body, "completed") } };
    }
    const code = this.codes.get(body.code);
    if (!code) return refuse("code_unknown");
    if (code.isUsed) return refuse("code_consumed");
    if (this.clock.now >= code.expires) return refuse("code_expired");
    if (code.refusal) return refuse(code.refusal);
    code.isUsed = true;
    return { status: 201, body: { ...this.#record(kind, body, DONE[kind]) } };
  }

  #record(kind, { request_id, amount }, state) {
    const id = `${{ payment: "pay", top_up: "top", refund: "rfd" }[kind]}_${(this.#number += 1)}`;
    const it = { id, kind, request_id, amount, state, refunded: 0 };
    this.records.set(id, it);
    return it;
  }

  #cancel(kind, isByRequest, target, body) {
    if (this.frozen) return problem(422, "terminal_frozen");
    if (isByRequest && this.#canceledFirst.has(target)) return problem(422, "already_canceled");
    const it = isByRequest ? this.under(target) : this.records.get(target);
    const id = `txn_${(this.#number += 1)}`;
    if (!it && !isByRequest) return problem(404, "not_found");
    if (!it) this.#canceledFirst.set(target, { id, kind });
    else if (it.kind !== kind) return problem(422, "not_cancelable");
    else if (it.state === "canceled") return problem(422, "already_canceled");
    else if (it.refunded > 0) return problem(422, "already_refunded");
    else if (it.isSpent) return problem(422, "top_up_spent");
    else Object.assign(it, { state: "canceled", canceledBy: body.request_id });
    return { status: 201, body: { id, request_id: body.request_id } };
  }

  #bill({ kind, ...body }) {
    if (this.frozen) return problem(422, "terminal_frozen");
    const [issued_at, expires_at] = [0, 2 * MINUTE].map((later) => new Date(this.clock.now + later).toISOString());
    const { request_id, amount } = body;
    const bill = { id: `bil_${(this.#number += 1)}`, request_id, amount, kind, code: "QR", pictures: [], issued_at, expires_at };
    this.bills.set(body.request_id, bill);
    return { status: 201, body: bill };
  }

  /** A member scans a bill. One who cannot pay it is refused for good. */
  payBill(request, canPay) {
    const bill = this.bills.get(request);
    if (!bill || this.under(request) || this.#canceledFirst.has(request) || this.clock.now >= Date.parse(bill.expires_at)) return;
    const kind = bill.kind ?? "payment";
    const it = this.#record(kind, bill, canPay ? DONE[kind] : "refused");
    if (!canPay) it.refusal = "insufficient_balance";
  }
}

function problem(status, code) { return { status, body: { status, code, detail: code } }; }

/** One schedule. */
class World {
  failures = [];
  trace = [];
  clock = new Clock();
  server = new Server(this.clock);
  isHealed = false;
  wallOffset = Date.parse("2026-04-01T00:00:00Z");
  late = [];
  onTheirWay = new Set();
  verdicts = new Map();
  // Those whose stop was confirmed: they are paid only if the cancel was refused.
  stopped = new Set();
  amount = 100;
  // The window that drives, and the one that waits behind it.
  lock;
  standby;

  constructor(seed, Till, faults) {
    this.dice = dice(seed);
    this.Till = Till;
    this.faults = faults;
    this.store = new Store(this);
    // Some schedules are wild, some nearly calm.
    // A till that signs is told 401 when the browser sends a request twice.
    this.signs = this.dice.chance(0.5);
    this.wildness = this.dice.one([0.05, 0.2, 0.4, 0.7]);
  }

  note(text) { this.trace.push(`${(this.clock.now / 1000).toFixed(2)} ${text}`); }
  fail(what) { this.failures.push(what); }
  fault(name) { count(this.faults, name); this.note(`fault: ${name}`); }
  goesWrong(share) { return !this.isHealed && this.dice.chance(share * this.wildness); }
  newAmount() { return (this.amount += 1); }

  async play() {
    this.open();
    const { dice, clock } = this;
    // `act` says false if there was nothing to do it to.
    const perhaps = (act, name) => {
      if (dice.chance(this.wildness)) clock.after(dice.between(0, CHAOS), () => { if (act() !== false) this.fault(name); });
    };
    for (let wanted = Math.ceil(dice.between(0, 4)); wanted > 0; wanted -= 1) clock.after(dice.between(0, MINUTE), () => this.want());
    for (let crashes = 0; crashes < 3; crashes += 1) perhaps(() => this.end(), "crash");
    perhaps(() => this.end(true), "close");
    perhaps(() => this.open(), "second window");
    perhaps(() => { this.wallOffset += dice.between(-60, 60) * MINUTE; }, "clock set");
    perhaps(() => this.forAWhile("frozen"), "terminal frozen");
    perhaps(() => this.forAWhile("isDown"), "server restarted");
    perhaps(() => this.forAWhile("isCut"), "cable cut");
    if (!this.signs) perhaps(() => this.forAWhile("isStranger"), "credential not believed");
    clock.after(CHAOS, () => { this.isHealed = true; this.server.frozen = this.isDown = this.isCut = this.isStranger = false; });
    const isDone = () => this.isHealed && this.lock?.isReady && this.store.intents().every((it) => this.isLeftAlone(it));
    if (!await clock.run(isDone, SETTLED)) return this.fail(`not settled: ${JSON.stringify(this.store.intents())}`);
    this.look("settled");
    for (const deliver of this.late) deliver();
    await clock.run(() => false, clock.now + 20 * MINUTE);
    this.look("when all that was late has arrived");
  }

  isLeftAlone(intent) { return intent.state === "settled" || this.store.isDoubtful(intent.id); }

  forAWhile(name) {
    const where = name === "frozen" ? this.server : this;
    where[name] = !this.isHealed;
    this.clock.after(this.dice.between(1000, 2 * MINUTE), () => { where[name] = false; });
  }

  // The windows.

  /** A window is opened. Its Till waits if another drives. */
  open() {
    if (this.lock && this.standby) return false;
    const life = { isDead: false, isReady: false, began: this.clock.now };
    const never = new Promise(() => undefined);
    const living = (act) => (...given) => (life.isDead ? never : act(...given));
    life.till = new this.Till({
      now: () => Math.round(this.clock.now + this.wallOffset),
      clock: () => this.clock.now - life.began,
      wait: living((milliseconds, signal) => new Promise((resolve) => {
        const forget = this.clock.after(milliseconds, () => { if (!life.isDead) resolve(); });
        signal.addEventListener("abort", () => { forget(); if (!life.isDead) resolve(); });
        if (signal.aborted) resolve();
      })),
      send: living((...given) => this.send(life, ...given)),
      store: {
        put: living((intent) => this.store.put(life, intent)),
        delete: living((id) => this.store.delete(life, id)),
        all: living(() => this.store.all(life)),
      },
      alone: living((signal, waiting) => new Promise((resolve) => {
        const take = () => {
          this.lock = life;
          resolve(() => this.release(life));
        };
        if (!this.lock) return take();
        waiting();
        this.standby = { life, take };
        signal.addEventListener("abort", () => { if (this.standby?.life === life) this.standby = undefined; });
        return undefined;
      })),
      network: new EventTarget(),
    });
    life.till.addEventListener("change", ({ detail }) => { if (!life.isDead) this.told(detail); });
    const resume = () => life.till.resume().then(() => { life.isReady = true; }, () => this.clock.after(1000, resume));
    resume();
    return true;
  }

  release(life) {
    if (this.lock !== life) return;
    this.lock = undefined;
    const next = this.standby;
    this.standby = undefined;
    if (next && !next.life.isDead) next.take();
  }

  /** The window that drives crashes, or is closed with all that is under way. */
  end(isGentle = false) {
    const life = this.lock;
    if (!life) return false;
    if (isGentle) {
      life.isReady = false;
      life.till.close();
    } else {
      life.isDead = true;
      this.store.crash(life);
      this.release(life);
    }
    this.note(isGentle ? "closed" : "crashed");
    this.clock.after(this.dice.one([10, 5000, 30000, 150000]), () => this.open());
    return true;
  }

  maybeCrash(name) {
    if (!this.goesWrong(0.06)) return false;
    this.fault(`crash ${name}`);
    this.end();
    return true;
  }

  // The cashier.

  want() {
    const { dice, server } = this;
    const till = this.lock?.isReady ? this.lock.till : undefined;
    if (!till) return this.isHealed ? undefined : this.clock.after(2000, () => this.want());
    const amount = this.newAmount();
    const kind = dice.one(["payment", "payment", "payment", "top_up", "top_up", "bill", "bill", "refund", "cancel"]);
    const code = `${amount}${"0".repeat(20)}`;
    if (kind === "payment" || kind === "top_up") {
      const refusal = dice.chance(0.15) ? "insufficient_balance" : undefined;
      server.codes.set(code, { refusal, expires: this.clock.now + dice.one([5 * MINUTE, 5 * MINUTE, 20000]) });
      if (kind === "top_up" && dice.chance(0.3)) this.clock.after(dice.between(0, 2 * MINUTE), () => this.later(amount, "top_up"));
      if (kind === "payment" && dice.chance(0.1)) this.clock.after(dice.between(0, 2 * MINUTE), () => this.later(amount, "payment"));
    }
    const before = { refund: ["payment"], cancel: ["payment", "top_up"] }[kind];
    const of = before && server.earlier(dice.one(before), 50000 + amount);
    if (kind === "cancel" && dice.chance(0.2)) this.clock.after(dice.between(0, 10000), () => this.cancelElsewhere(of));
    if (kind === "bill") this.aMemberComes(amount);
    this.note(`wants ${kind} ${amount}`);
    const begun = {
      payment: () => till.pay({ code, amount }),
      top_up: () => till.topUp({ code, amount }),
      bill: () => till.bill({ amount, kind: dice.one([undefined, "payment", "top_up"]) }),
      refund: () => till.refund({ payment_id: of?.id, amount }),
      cancel: () => till.cancel({ kind: of?.kind, id: of?.id }),
    }[kind]();
    begun.then((intent) => {
      if (!this.store.has(intent.id)) this.fail(`${intent.id} was given out before it was stored`);
      if (before || !dice.chance(0.35)) return;
      this.clock.after(dice.between(0, dice.one([100, 10000, 100000])), () => this.stop(intent.id));
    }, (error) => {
      this.note(`rejected: ${error.code}`);
      if (!["not_stored", "standby", "closed"].includes(error.code)) this.fail(`rejected with ${error.stack}`);
    });
    return undefined;
  }

  stop(id) {
    this.note(`stop ${id}`);
    if (!this.lock?.isReady) return;
    const confirmed = ({ state }) => { if (state === "canceling") this.stopped.add(id); };
    this.lock.till.stop(id).then(confirmed, (error) => this.fail(`stop: ${error}`));
  }

  /** What others do to what was done: spend a top-up, refund a payment. */
  later(amount, kind) {
    const it = [...this.server.records.values()].find((record) => record.amount === amount && record.kind === kind);
    if (it?.state === "completed") it.isSpent = true;
    if (it?.state === "captured") { it.refunded = 1; it.state = "partially_refunded"; }
  }

  cancelElsewhere({ kind, id }) {
    this.server.answer("POST", `/v1/${kind === "payment" ? "payments" : "top-ups"}/${id}/cancel`, { request_id: `elsewhere-${id}` });
  }

  aMemberComes(amount) {
    if (this.dice.chance(0.25)) return;
    const canPay = this.dice.chance(0.85);
    for (let times = this.dice.one([1, 1, 2]); times > 0; times -= 1) {
      this.clock.after(this.dice.between(0, 3 * MINUTE), () => {
        const bill = [...this.server.bills.values()].find((it) => it.amount === amount);
        if (bill) { this.note(`member pays ${amount}`); this.server.payBill(bill.request_id, canPay); }
      });
    }
  }

  // The network. Faults are decided when a request leaves; whatever was not answered may still arrive.

  async send(life, method, path, body, { signal }) {
    const { dice, clock } = this;
    this.checkLeaving(method, path, body);
    this.note(`${method} ${path} ${body?.request_id ?? ""}`);
    if (this.maybeCrash("at sending")) {
      if (dice.chance(0.5)) this.arriveSometime(method, path, body);
      return new Promise(() => undefined);
    }
    return new Promise((resolve, reject) => {
      const tell = (reply, after) => clock.after(after, () => {
        if (life.isDead) return;
        if (this.maybeCrash("at reply")) return;
        this.note(`  ${method} ${path}: ${reply.status} ${reply.body?.code ?? reply.body?.state ?? ""}`);
        resolve(structuredClone({ retryAfter: undefined, date: dice.chance(0.5) ? clock.now : undefined, ...reply }));
      });
      const breakOff = (after) => clock.after(after, () => reject(new TypeError("no reply")));
      signal.addEventListener("abort", () => reject(signal.reason));
      const trip = dice.between(5, 300);
      if (this.isCut || this.isDown) {
        this.fault(this.isCut ? "no connection" : "server down");
        return breakOff(dice.one([1, 20000]));
      }
      if (this.isStranger) return tell(problem(401, "unauthorized"), trip);
      if (!this.goesWrong(0.8)) return clock.after(trip, () => tell(this.server.answer(method, path, body), trip));
      // What is told of a later attempt, while an earlier one is on its way, is what a till is most easily deceived by.
      const kind = dice.one(this.onTheirWay.has(body?.request_id) ? ["not done", "429", "overloaded"] : this.faultsOf(method));
      this.fault(kind);
      const arrive = () => this.server.answer(method, path, body);
      const sometimes = () => { if (dice.chance(0.6)) this.arriveSometime(method, path, body); };
      switch (kind) {
        case "lost": return dice.chance(0.5) ? breakOff(trip) : undefined;
        case "reply lost": clock.after(trip, arrive); return dice.chance(0.5) ? breakOff(trip * 2) : undefined;
        case "late": this.arriveSometime(method, path, body); return dice.chance(0.5) ? breakOff(trip * 2) : undefined;
        case "slow": return clock.after(dice.between(5000, 40000), () => tell(arrive(), trip));
        case "doubled": this.arriveSometime(method, path, body); return clock.after(trip, () => tell(arrive(), trip));
        case "sent twice by the browser": clock.after(trip, arrive); return tell(problem(401, "nonce_used"), trip * 2);
        case "429": return tell({ ...problem(429, "rate_limited"), retryAfter: dice.one([1, 3, 20]) }, trip);
        case "overloaded": return tell({ ...problem(503, "overloaded"), retryAfter: dice.one([1, undefined]) }, trip);
        case "not done": return tell(problem(...dice.one(this.signs ? NOT_READ.slice(1) : NOT_READ)), trip);
        case "unavailable": sometimes(); return tell({ ...problem(503, "unavailable"), retryAfter: 3 }, trip);
        case "internal": if (dice.chance(0.5)) arrive(); return tell(problem(500, "internal"), trip);
        case "gateway": sometimes(); return tell({ status: dice.one([500, 502, 503, 504]), body: null }, trip);
        // A proxy or a captive portal that answers by itself, in words that could be believed.
        default: sometimes(); return tell({ status: dice.one([200, 201, 403, 404, 422]), body: null }, trip);
      }
    });
  }

  faultsOf(method) {
    const all = ["lost", "reply lost", "late", "doubled", "slow", "429", "overloaded", "not done", "unavailable", "internal", "gateway",
      "portal"];
    return this.signs && method === "POST" ? [...all, "sent twice by the browser"] : all;
  }

  /** It is on its way, and comes in a while, or after everything. */
  arriveSometime(method, path, body) {
    if (body) this.onTheirWay.add(body.request_id);
    const deliver = () => {
      this.note(`  late: ${method} ${path}`);
      this.onTheirWay.delete(body?.request_id);
      this.server.answer(method, path, body);
    };
    if (this.dice.chance(0.2)) this.late.push(deliver);
    else this.clock.after(this.dice.one([100, 5000, 40000, 400000]) * this.dice.between(0.2, 1), deliver);
  }

  // What must hold.

  /** Nothing leaves that is not stored as it leaves, and no payment after the decision to cancel it. */
  checkLeaving(method, path, body) {
    if (method !== "POST") return;
    const target = /by-request\/(.+)\/cancel$/.exec(path)?.[1];
    const kept = this.store.get(target ?? body.request_id);
    if (!kept) return this.fail(`${path} left before it was stored`);
    const isDecided = kept.state === "canceling" && kept.cancel_id === body.request_id;
    if (target && !isDecided) return this.fail(`${path} left before the decision was stored`);
    if (!target && kept.state === "canceling") return this.fail(`${path} left after the decision to cancel it`);
    if (kept.state === "settled") return this.fail(`${path} left after it was settled`);
    return undefined;
  }

  /** A verdict that is told is stored, and is the only one. */
  told(intent) {
    this.note(`${intent.kind} ${intent.state} ${intent.verdict} ${intent.reason ?? ""}`);
    const { id, state, verdict } = intent;
    if ((verdict === "asking") === (state === "settled")) this.fail(`${id} is ${state} and ${verdict}`);
    if (verdict === "asking") return this.verdicts.has(id) ? this.fail(`${id} is asking again`) : undefined;
    if (this.store.get(id)?.verdict !== verdict) this.fail(`${id} was told before it was stored`);
    if ((this.verdicts.get(id) ?? verdict) !== verdict) this.fail(`${id} was told both`);
    return this.verdicts.set(id, verdict);
  }

  /** The books against the verdicts. */
  look(when) {
    const kept = this.store.intents();
    const known = new Set(kept.map((it) => it.id));
    const stands = ({ state }) => ["captured", "completed", "partially_refunded", "refunded"].includes(state);
    for (const it of kept) {
      const told = `${when}: ${it.kind} ${it.id} is ${it.verdict} (${it.reason})`;
      if (it.verdict === "paid" && this.stopped.has(it.id) && !it.reason) this.fail(`${told}, though it was stopped`);
      if (it.state === "settled" && "code" in it.body) this.fail(`${told} and its code is still there`);
      if (it.kind === "cancel") {
        const { state, canceledBy } = this.server.records.get(it.of.id);
        const isWrong = it.verdict === "paid" ? state !== "canceled" : canceledBy === it.id || it.reason === "already_canceled";
        if (isWrong) this.fail(`${told}, and ${it.of.id} is ${state}`);
        continue;
      }
      const moved = [...this.server.records.values()].filter((record) => record.amount === it.body.amount && stands(record));
      if (moved.length !== (it.verdict === "paid" ? 1 : 0)) this.fail(`${told}, and the money stands ${moved.length} times`);
    }
    for (const record of this.server.records.values()) {
      if (!record.request_id.startsWith("earlier-")) {
        if (stands(record) && !known.has(record.request_id)) this.fail(`${when}: ${record.id} was paid and nobody knows`);
        continue;
      }
      const refunds = kept.filter((it) => it.kind === "refund" && it.of.id === record.id && it.verdict === "paid");
      const sum = refunds.reduce((all, it) => all + it.body.amount, 0);
      if (record.refunded !== sum) this.fail(`${when}: ${record.refunded} of ${record.id} was refunded, not ${sum}`);
    }
  }
}

/** What survives a crash. What is being written then may be there or not. */
class Store {
  #kept = new Map();
  #writing = [];
  // What was kept although the till was told that it was not. What was never begun therefore waits there for the next window.
  #doubtful = new Set();

  constructor(world) { this.world = world; }

  isDoubtful(id) { return this.#doubtful.has(id); }
  has(id) { return this.#kept.has(id); }
  get(id) { return this.has(id) ? JSON.parse(this.#kept.get(id)) : undefined; }
  intents() { return [...this.#kept.values()].map((text) => JSON.parse(text)); }

  put(life, intent) {
    const text = JSON.stringify(intent);
    return this.#write(life, intent.id, () => this.#kept.set(intent.id, text), "put");
  }

  delete(life, id) { return this.#write(life, id, () => this.#kept.delete(id), "delete"); }

  all(life) {
    return new Promise((resolve, reject) => {
      this.world.clock.after(1, () => {
        if (life.isDead) return;
        if (this.world.goesWrong(0.1)) { this.world.fault("store cannot be read"); reject(new Error("disk")); }
        else resolve(this.intents());
      });
    });
  }

  #write(life, id, act, name) {
    const { world } = this;
    return new Promise((resolve, reject) => {
      const entry = { life, act };
      this.#writing.push(entry);
      if (world.maybeCrash(`before the ${name}`)) return;
      world.clock.after(world.dice.between(0, 30), () => {
        const at = this.#writing.indexOf(entry);
        if (at < 0) return;
        this.#writing.splice(at, 1);
        if (world.goesWrong(0.12)) { world.fault(`${name} failed`); return reject(new Error("quota")); }
        act();
        if (world.goesWrong(0.04)) {
          world.fault(`${name} failed and was kept`);
          this.#doubtful.add(id);
          return reject(new Error("disk"));
        }
        this.#doubtful.delete(id);
        if (!world.maybeCrash(`after the ${name}`)) resolve();
        return undefined;
      });
    });
  }

  crash(life) {
    for (const entry of this.#writing.filter((it) => it.life === life)) if (this.world.dice.chance(0.5)) entry.act();
    this.#writing = this.#writing.filter((it) => it.life !== life);
    this.#doubtful.clear();
  }
}
