// The drawing of the relation diagram. What is there already stays the same element, so that the focus stays and nothing flickers.
import { outline, ways } from "./review-diagram-lines.js";
import { language, number, t, word } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const LEADING = 20;

export function shape(name, attributes = {}, ...holds) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...holds.filter((it) => it !== null));
  return element;
}

/** An effect number with its sign: +3, −2, 0. */
export const signed = (effect) => (effect > 0 ? `+${number(effect)}` : effect < 0 ? `−${number(-effect)}` : "0");

/** What a box is taken for: a word and whether the group has said it. */
export function standingOf(box) {
  if (box.isTrue === true) return { kind: "true", text: t("true_cause") };
  if (box.isTrue === false) return { kind: "not", text: `✕ ${t("not_true_short")}` };
  if (box.isProposed) return { kind: "proposed", text: `◇ ${t("proposed_short")}` };
  return { kind: "none", text: word("stands", box.part) };
}

const GAP = language === "ja" ? "" : " ";

/** What is said of a box: first what is seen on it, in the same order, then the rest. */
export function saidOf(box) {
  const drawn = box.lines.join(GAP);
  const said = [`${drawn} ${signed(box.effect)} ${standingOf(box).text}`, t("box_said", { part: word("stands", box.part), out: number(box.out), in: number(box.in) })];
  if (box.basis !== "none") said.push(word("basis", box.basis));
  if (drawn !== box.label.replace(/\s+/g, " ").trim()) said.push(box.label);
  return said.join(". ");
}

/** The seal, 真, as it is stamped on a true cause; it stands once in the page, and is used by its name. */
export function sealSign() {
  const letter = shape("text", { x: 10, y: 14.5, "text-anchor": "middle", class: "seal-letter", lang: "ja" }, "真");
  return shape("defs", {}, shape("g", { id: "seal-sign", class: "seal" }, shape("rect", { width: 20, height: 20, rx: 3 }), letter));
}

export const seal = (x, y) => shape("use", { href: "#seal-sign", class: "sealed", transform: `translate(${x} ${y}) rotate(-5 10 10)`, "aria-hidden": "true" });

function boxInside(box, isHandy) {
  const { width, height } = box;
  const effect = signed(box.effect);
  const wide = 14 + 8 * effect.length;
  const standing = standingOf(box);
  const isTrue = standing.kind === "true";
  const words = shape("text", { x: 12 + wide + 8 + (isTrue ? 24 : 0), y: 22, class: `standing ${standing.kind}` }, standing.text);
  // What is seen and what is said must not differ by a gap: lines of Latin letters break where there was one.
  const lines = box.lines.map((line, at) => shape("tspan", { x: 12, y: 46 + at * LEADING }, line + (at < box.lines.length - 1 ? GAP : " ")));
  const handle = shape("g", { class: "handle-spot", "aria-hidden": "true", transform: `translate(${width} ${height / 2})` }, shape("circle", { r: 20, class: "reach" }), shape("circle", { r: 8, class: "knob" }), shape("path", { d: "M-3.5 0H3.5M0.5 -3L3.5 0L0.5 3" }));
  return [
    shape("rect", { x: -7, y: -7, width: width + 14, height: height + 14, rx: 6, class: "focus-under" }), shape("rect", { x: -7, y: -7, width: width + 14, height: height + 14, rx: 6, class: "focus-over" }),
    shape("path", { d: outline(box), class: "area" }), shape("text", { class: "label" }, ...lines),
    shape("rect", { x: 10, y: 8, width: wide, height: 20, rx: 3, class: "badge-area" }), shape("text", { x: 10 + wide / 2, y: 22.5, "text-anchor": "middle", class: "badge-effect" }, `${effect} `),
    isTrue ? seal(12 + wide + 4, 8) : null, words, isHandy ? handle : null,
  ];
}

/** Draws into `world`. `draw(diagram, isHandy)`, `light({chosen, boxes, arrows} | null)`, `box(key)`. */
export function drawingIn(world) {
  const lines = shape("g", { class: "arrows", "aria-hidden": "true" });
  const boxes = shape("g", { class: "boxes" });
  const pull = shape("path", { class: "pull", "aria-hidden": "true" });
  world.append(sealSign(), lines, boxes, pull);
  const drawnBoxes = new Map();
  const drawnArrows = new Map();
  let current = null;
  let lit = null;

  function drawBoxes(isHandy) {
    for (const [key, { element }] of drawnBoxes) if (!current.boxes.has(key)) { element.remove(); drawnBoxes.delete(key); }
    const had = boxes.contains(document.activeElement) ? document.activeElement : null;
    let at = 0;
    for (const box of current.boxes.values()) {
      let drawn = drawnBoxes.get(box.key);
      if (!drawn) {
        drawn = { element: shape("g", { role: "button", tabindex: -1 }), looks: "" };
        drawn.element.dataset.box = box.key;
        drawnBoxes.set(box.key, drawn);
      }
      const { x, y, ...rest } = box;
      const looks = JSON.stringify([rest, isHandy]);
      if (looks !== drawn.looks) {
        drawn.looks = looks;
        drawn.element.setAttribute("aria-label", saidOf(box));
        Object.assign(drawn.element.dataset, { part: box.part, basis: box.basis, standing: standingOf(box).kind });
        drawn.element.replaceChildren(...boxInside(box, isHandy).filter(Boolean));
      }
      place(box);
      if (boxes.children[at] !== drawn.element) boxes.insertBefore(drawn.element, boxes.children[at] ?? null);
      at++;
    }
    if (had?.isConnected && document.activeElement !== had) had.focus({ preventScroll: true });
    if (!boxes.querySelector('[tabindex="0"]')) boxes.firstElementChild?.setAttribute("tabindex", "0");
  }

  const place = (box) => drawnBoxes.get(box.key)?.element.setAttribute("transform", `translate(${box.x - box.width / 2} ${box.y - box.height / 2})`);

  function drawArrows() {
    const shown = current.arrows.filter((it) => it.standing !== "repeats");
    const found = ways(current.boxes, shown);
    for (const [key, element] of drawnArrows) if (!found.has(key)) { element.remove(); drawnArrows.delete(key); }
    for (const arrow of shown) {
      let element = drawnArrows.get(arrow.key);
      if (!element) {
        element = shape("g", {}, shape("path", { class: "reach" }), shape("path", { class: "line" }), shape("path", { class: "tip" }), shape("text", { "text-anchor": "middle", class: "doubt" }));
        element.dataset.arrow = arrow.key;
        drawnArrows.set(arrow.key, element);
        lines.append(element);
      }
      const { line, tip, middle } = found.get(arrow.key);
      const [reach, drawn, head, doubt] = element.children;
      element.setAttribute("class", `arrow ${arrow.standing} ${arrow.basis}`);
      for (const it of [reach, drawn]) it.setAttribute("d", line);
      drawn.setAttribute("stroke-width", 0.7 + 0.6 * arrow.strength);
      head.setAttribute("d", tip);
      doubt.textContent = arrow.standing === "undecided" ? "?" : "";
      doubt.setAttribute("x", middle[0]);
      doubt.setAttribute("y", middle[1] + 6);
    }
  }

  function show() {
    world.classList.toggle("has-lit", Boolean(lit));
    for (const [key, { element }] of drawnBoxes) {
      element.classList.toggle("chosen", lit?.chosen === key);
      element.classList.toggle("lit", Boolean(lit) && (lit.chosen === key || lit.boxes.has(key)));
      if (lit?.chosen === key) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
    }
    for (const [key, element] of drawnArrows) {
      const is = Boolean(lit?.arrows.has(key));
      element.classList.toggle("lit", is);
      // What is lit lies above what is not.
      if (is && element.nextElementSibling && !element.nextElementSibling.classList.contains("lit")) lines.append(element);
    }
  }

  return {
    draw(diagram, isHandy) {
      current = diagram;
      drawBoxes(isHandy);
      drawArrows();
      show();
    },
    light(it) { lit = it; show(); },
    /** After a box was carried: its place and the arrows. */
    follow(box) { place(box); drawArrows(); show(); },
    box: (key) => drawnBoxes.get(key)?.element,
    all: () => [...boxes.children],
    /** The line that is being pulled from a box to the pointer; none without points. */
    pull(from, to, isGood) {
      pull.setAttribute("d", from ? `M${from.x} ${from.y}L${to.x} ${to.y}` : "");
      pull.classList.toggle("good", Boolean(isGood));
    },
  };
}
