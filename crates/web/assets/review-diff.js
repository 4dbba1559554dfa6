// Where two texts differ, word by word; Japanese has no spaces, so that words are found by the browser's own segmenter.
// Method: Eugene W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
import { language, make, t } from "./text.js";

/** Above this many edits a comparison takes too long, and goes by lines. */
const EDITS_MAX = 700;

const segmenter = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(language, { granularity: "word" }) : null;
const words = (text) => (segmenter ? Array.from(segmenter.segment(text), (it) => it.segment) : text.match(/[\p{L}\p{N}]+|\s+|./gsu) ?? []);
const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The edits from one list to another as `[kind, piece]`, kind `same`, `out` or `in`; `null` if there are too many. */
function edits(a, b, most) {
  const reach = new Map([[1, 0]]);
  const trace = [];
  for (let d = 0; d <= Math.min(most, a.length + b.length); d++) {
    trace.push(new Map(reach));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach.get(k - 1) < reach.get(k + 1));
      let x = down ? reach.get(k + 1) : reach.get(k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return path(a, b, trace);
    }
  }
  return null;
}

function path(a, b, trace) {
  const found = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d];
    const k = x - y;
    const isDown = k === -d || (k !== d && reach.get(k - 1) < reach.get(k + 1));
    const before = isDown ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : reach.get(before);
    const fromY = d === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      found.push(["same", a[x - 1]]);
      x--;
      y--;
    }
    if (d === 0) break;
    found.push(isDown ? ["in", b[y - 1]] : ["out", a[x - 1]]);
    [x, y] = [fromX, fromY];
  }
  return found.reverse();
}

function joined(pieces) {
  const whole = [];
  for (const [kind, text] of pieces) {
    if (whole.at(-1)?.[0] === kind) whole.at(-1)[1] += text;
    else whole.push([kind, text]);
  }
  return whole;
}

/** How one text became another: `[["same" | "out" | "in", text]]`. */
export function diff(before, after, cut = words) {
  const found = edits(cut(before), cut(after), EDITS_MAX) ?? edits(lines(before), lines(after), EDITS_MAX);
  return joined(found ?? [["out", before], ["in", after]].filter(([, text]) => text));
}

/** Both texts in one, sentence by sentence, what they share once: where somebody begins who wants to keep both. */
export function union(a, b) {
  const sentences = (text) => text.match(/[^。．.!?！？\n]*[。．.!?！？\n]+|[^。．.!?！？\n]+$/g) ?? [];
  return diff(a, b, sentences).reduce((whole, [, text]) => whole + (!whole || /[\s。．！？]$/.test(whole) ? "" : "\n") + text, "");
}

/** Shows a difference in one text: what went is struck through, what came is underlined. `side` shows one of the two texts only. */
export function showDiff(before, after, side) {
  const place = make("p", "prose diff");
  for (const [kind, text] of diff(before, after)) {
    if (kind === "same") place.append(text);
    else if (side && kind !== side) continue;
    else place.append(make(side ? "mark" : kind === "in" ? "ins" : "del", "", text));
  }
  if (!place.textContent) place.append(t("diff_empty"));
  return place;
}
