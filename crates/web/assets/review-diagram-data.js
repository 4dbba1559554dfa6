// The relation diagram as the server lays it out, and over it what was done here meanwhile. Lengths are the diagram's own; places are
// those of the items (`at`), so that nothing jumps when the frame round the boxes grows.
import { language } from "./text.js";

/** How long changes by others are gathered before the diagram is asked for again; own ones show almost at once. */
const OTHERS_MS = 300;
const OWN_MS = 30;
/** While the server lays a large diagram out anew, boxes stand where they stood; then it is asked for again. */
const LAID_MS = 700;
/** What could not be read is asked for again by itself. */
const AGAIN_MS = 4000;
/** A busy group does not keep the diagram waiting longer than this. */
const LATEST_MS = 1500;
const KINDS = ["node", "arrow", "event", "true_cause", "case"];

export class Diagram {
  /** `{key, of, label, lines, basis, x, y, width, height, in, out, effect, part, isProposed, isTrue, isMoved}` by key, left to right. */
  boxes = new Map();
  /** `{key, from, to, strength, basis, standing}`. */
  arrows = [];
  cycles = [];
  undecided = [];
  isRead = false;
  leftOut = 0;
  #told = null;
  #moved = new Map();
  #asked = 0;
  #timer = 0;
  #latest = 0;
  #isShown = false;
  #isOld = true;

  /** `state.emit("diagram")` says that it is another, `"diagram-problem"` why it could not be read. */
  constructor(state) {
    this.state = state;
    for (const kind of KINDS) {
      state.on(`${kind}/*`, (item) => {
        if (this.#told) this.#blend();
        this.#later(item.isElsewhere ? OTHERS_MS : OWN_MS);
      });
    }
  }

  /** It is read while somebody looks at it. */
  async show(is) {
    this.#isShown = is;
    if (is && this.#isOld) await this.read();
  }

  #later(wait) {
    this.#isOld = true;
    if (!this.#isShown) return;
    const now = Date.now();
    if (!this.#timer) this.#latest = now + LATEST_MS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.read(), Math.min(wait, Math.max(0, this.#latest - now)));
  }

  async read() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isOld = false;
    const mine = ++this.#asked;
    const settled = [...this.#moved].filter(([, it]) => it.isSaved).map(([key]) => key);
    try {
      const told = await this.state.api.send("GET", "/v1/review/diagram");
      if (mine !== this.#asked) return;
      this.#told = told;
      for (const key of settled) if (this.#moved.get(key)?.isSaved) this.#moved.delete(key);
      this.isRead = true;
      this.#blend();
      if (!told.is_laid_out) this.#later(LAID_MS);
    } catch (problem) {
      if (mine !== this.#asked) return;
      this.#isOld = true;
      this.state.emit("diagram-problem", problem);
      if (this.#isShown) this.#timer = setTimeout(() => { if (this.#isShown) this.read(); }, AGAIN_MS);
    }
  }

  /** The server's layout with what this browser knows better: what is gone, drawn or decided since. */
  #blend() {
    const { state } = this;
    const { left, top, nodes, arrows, cycles, undecided, left_out: leftOut } = this.#told;
    const boxes = nodes.filter(({ key }) => state.has("node", key)).map((it) => ({
      key: it.key, of: it.of, label: it.label[language] || it.label.en, lines: it.lines[language], basis: it.basis,
      x: this.#moved.get(it.key)?.x ?? it.x + left, y: this.#moved.get(it.key)?.y ?? it.y + top, width: it.width, height: it.height,
      in: it.in, out: it.out, effect: it.effect, part: it.part, isProposed: it.is_proposed,
      isTrue: state.body("true_cause", it.key)?.is_true ?? null, isMoved: it.is_moved || this.#moved.has(it.key),
    }));
    boxes.sort((a, b) => a.x - b.x || a.y - b.y || (a.key < b.key ? -1 : 1));
    this.boxes = new Map(boxes.map((it) => [it.key, it]));
    const standing = new Map(arrows.map((it) => [it.key, it.standing]));
    const drawn = state.all("arrow").filter(({ body }) => this.boxes.has(body.from) && this.boxes.has(body.to));
    this.arrows = drawn.map(({ key, body }) => ({
      key, from: body.from, to: body.to, strength: body.strength, basis: body.statement.basis, isKept: body.is_kept, standing: standing.get(key) ?? "counts",
    }));
    const isThere = (key) => this.boxes.has(key);
    this.cycles = cycles.filter((it) => it.every(isThere));
    this.undecided = undecided.filter((it) => it.every(isThere) && this.#isTied(it));
    this.leftOut = leftOut;
    state.emit("diagram");
  }

  /** Whether a pair is still as strong both ways, as far as is known here. */
  #isTied([a, b]) {
    const [one, other] = [this.between(a, b), this.between(b, a)];
    if ([...one, ...other].some((it) => it.isKept)) return false;
    const most = (all) => Math.max(0, ...all.map((it) => it.strength));
    return one.length > 0 && most(one) === most(other);
  }

  between(from, to) { return this.arrows.filter((it) => it.from === from && it.to === to); }
  into(key) { return this.arrows.filter((it) => it.to === key); }
  outOf(key) { return this.arrows.filter((it) => it.from === key); }
  label(key) { return this.boxes.get(key)?.label ?? ""; }

  /** Everything that leads to a box by arrows that count, near or far, and those arrows. */
  behind(key) {
    const boxes = new Set();
    const arrows = new Set();
    const waiting = [key];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const it of this.into(at)) {
        if (it.standing !== "counts") continue;
        arrows.add(it.key);
        if (!boxes.has(it.from)) {
          boxes.add(it.from);
          waiting.push(it.from);
        }
      }
    }
    return { boxes, arrows };
  }

  /** Puts a box somewhere, as long as it is carried: nothing is sent. */
  carry(key, x, y) {
    this.#moved.set(key, { x, y, isSaved: false });
    Object.assign(this.boxes.get(key) ?? {}, { x, y });
  }

  /** Where it was, if nothing came of it. */
  putBack(key) {
    this.#moved.delete(key);
    if (this.#told) this.#blend();
  }

  /** Saves where a box was put. Throws what the server says. */
  async drop(key) {
    const held = this.#moved.get(key);
    if (!held) return;
    const at = { x: Math.round(held.x), y: Math.round(held.y) };
    try {
      await this.state.patch("node", key, { at });
      if (this.#moved.get(key) === held) held.isSaved = true;
      this.#later(OWN_MS);
    } catch (problem) {
      this.putBack(key);
      throw problem;
    }
  }

  /** The frame round all boxes. */
  get frame() {
    const all = [...this.boxes.values()];
    if (!all.length) return { left: 0, top: 0, width: 1, height: 1 };
    const left = Math.min(...all.map((it) => it.x - it.width / 2)) - 24;
    const top = Math.min(...all.map((it) => it.y - it.height / 2)) - 24;
    const right = Math.max(...all.map((it) => it.x + it.width / 2)) + 24;
    const bottom = Math.max(...all.map((it) => it.y + it.height / 2)) + 24;
    return { left, top, width: right - left, height: bottom - top };
  }
}
