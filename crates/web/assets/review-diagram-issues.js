// What the arrows leave open: pairs that lead to each other as strongly both ways, and boxes that lead back to themselves.
import { button, teller } from "./board-parts.js";
import { writing } from "./board-api.js";
import { make, number, t, word } from "./text.js";

/** The strongest that an arrow can be. */
const MOST = 3;

/** `acts`: `light(keys)` shows some boxes, `arrow(key)` opens an arrow. */
export function issuesOf(state, diagram, acts) {
  const element = make("section", "issues stack");
  const told = teller("issues-told");
  const list = make("div", "stack");
  element.id = "diagram-issues";
  element.append(make("h3", "", t("issues")), told, list);

  const write = writing(told);

  /** Makes one way the stronger; the arrow of the other way stays, faint. Nothing that was written is lost. */
  async function prefer(from, to) {
    const [mine, other] = [diagram.between(from, to), diagram.between(to, from)];
    const most = Math.max(...other.map((it) => it.strength));
    if (most < MOST) await state.patch("arrow", mine[0].key, { strength: most + 1 });
    else for (const it of other) if (it.strength === MOST) await state.patch("arrow", it.key, { strength: MOST - 1 });
  }

  async function keep(a, b) {
    for (const it of [...diagram.between(a, b), ...diagram.between(b, a)]) await state.patch("arrow", it.key, { is_kept: true });
  }

  function pair([a, b]) {
    const ways = [[a, b], [b, a]].map(([from, to]) => ({ from, to, text: t("arrow_from_to", { from: diagram.label(from), to: diagram.label(to) }) }));
    const strength = diagram.between(a, b)[0].strength;
    const act = (text, name, run) => { const it = button(text, "secondary for-writers", run); it.dataset.act = name; return it; };
    const row = make("li", "issue", make("p", "issue-head", make("b", "", t("pair_name", { a: diagram.label(a), b: diagram.label(b) }))), make("p", "small", t("pair_text", { strength: word("strength", String(strength)) })),
      make("div", "row", ...(state.mayWrite ? [
        ...ways.map(({ from, to, text }, at) => act(text, at ? "that-way" : "this-way", () => write(() => prefer(from, to), t("pair_decided", { way: text })))),
        act(t("pair_keep"), "keep-both", () => write(() => keep(a, b), t("pair_kept"))),
      ] : []), button(t("show_there"), "text", () => acts.light([a, b]))));
    row.dataset.pair = `${a} ${b}`;
    return row;
  }

  function cycle(keys) {
    const inside = new Set(keys);
    const arrows = diagram.arrows.filter((it) => it.standing === "counts" && inside.has(it.from) && inside.has(it.to)).sort((a, b) => a.strength - b.strength);
    const rows = arrows.map((it) => {
      const way = button(t("arrow_from_to", { from: diagram.label(it.from), to: diagram.label(it.to) }), "text to-box", () => acts.arrow(it.key));
      return make("li", "arrow-row", make("div", "", way, make("span", "small", t("named", { what: t("strength"), name: word("strength", String(it.strength)) }))));
    });
    const summary = make("summary", "", t("cycle_arrows", { n: number(arrows.length) }));
    const row = make("li", "issue", make("p", "issue-head", make("b", "", t("cycle_name", { n: number(keys.length) })), " ", keys.map((it) => diagram.label(it)).join(t("list_comma"))),
      make("p", "small", t("cycle_text")), make("details", "quiet", summary, make("ul", "plain arrow-rows", ...rows)), make("div", "row", button(t("show_there"), "text", () => acts.light(keys))));
    row.dataset.cycle = keys.join(" ");
    return row;
  }

  const part = (title, rows) => (rows.length ? make("div", "stack", make("h4", "", title), make("ul", "issue-list", ...rows)) : "");

  return {
    element,
    draw() {
      const at = list.contains(document.activeElement) ? document.activeElement : null;
      const [pairKey, actName] = [at?.closest("[data-pair]")?.dataset.pair, at?.dataset.act];
      const open = new Set([...list.querySelectorAll("[data-cycle]:has(details[open])")].map((it) => it.dataset.cycle));
      list.replaceChildren(part(t("pairs_title"), diagram.undecided.map(pair)), part(t("cycles_title"), diagram.cycles.map(cycle)));
      for (const it of list.querySelectorAll("[data-cycle]")) if (open.has(it.dataset.cycle)) it.querySelector("details").open = true;
      if (at) (list.querySelector(`[data-pair="${CSS.escape(pairKey ?? "")}"] [data-act="${actName}"]`) ?? list.querySelector("button"))?.focus({ preventScroll: true });
      element.hidden = !diagram.undecided.length && !diagram.cycles.length && told.hidden;
    },
  };
}
