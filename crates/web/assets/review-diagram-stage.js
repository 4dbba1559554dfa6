// The diagram under hands: looked at, walked through, its boxes carried and connected. It tells what was meant and sends nothing.
import { drawingIn, shape } from "./review-diagram-draw.js";
import { viewOf } from "./review-diagram-view.js";
import { button, freshId } from "./board-parts.js";
import { announce, make, t } from "./text.js";

/** A pointer that moves less than this has pressed, not pulled. */
const STILL_PX = 6;
const STEP = 20;
const LEAP = 100;
const ZOOM = 1.3;

/**
 * `hears`: `chosen(key | null, isByKey)`, `connected(from, to)`, `connectedToItself()`, `arrow(key)`, `dropped(key)`, `mayWrite()`.
 */
export function stageOf(diagram, hears) {
  const world = shape("g", { class: "world" });
  const svg = shape("svg", { class: "diagram", role: "group", "aria-label": t("diagram_name"), tabindex: -1 }, world);
  const hint = make("p", "small diagram-hint", t("diagram_hint"));
  hint.id = freshId("hint");
  svg.setAttribute("aria-describedby", hint.id);
  const drawing = drawingIn(world);
  const view = viewOf(svg, world, () => undefined);
  const tool = (text, label, act, id) => { const it = button(text, "secondary", act, id); it.setAttribute("aria-label", label); return it; };
  const tools = make("div", "diagram-tools",
    tool("＋", t("zoom_in"), () => view.zoom(ZOOM), "diagram-in"), tool("−", t("zoom_out"), () => view.zoom(1 / ZOOM), "diagram-out"),
    button(t("zoom_fit"), "secondary", () => view.fit(diagram.frame), "diagram-fit"));
  const moving = make("p", "moving-told");
  moving.hidden = true;
  const element = make("div", "diagram-stage", svg, tools, moving);
  let chosen = null;
  let carried = null;
  let isBegun = false;
  let anchor = null;

  const keyOf = (target) => target.closest?.("[data-box]")?.dataset.box ?? null;

  function goTo(key, isSeen = true) {
    const it = drawing.box(key);
    if (!it) return;
    for (const other of drawing.all()) other.setAttribute("tabindex", other === it ? "0" : "-1");
    it.focus({ preventScroll: true });
    if (isSeen) view.reveal(diagram.boxes.get(key));
  }

  function draw() {
    if (!element.isConnected || !element.getClientRects().length) return;
    const before = anchor && diagram.boxes.get(anchor.key);
    drawing.draw(diagram, hears.mayWrite());
    if (!isBegun && diagram.boxes.size) {
      isBegun = true;
      view.begin(diagram.frame);
    } else if (before && !pointers.size && (before.x !== anchor.x || before.y !== anchor.y) && !carried) {
      // What somebody looks at stays under their eyes, when the layout is another.
      view.pan((anchor.x - before.x) * view.scale, (anchor.y - before.y) * view.scale);
    } else if (!anchor && view.isWhole && diagram.boxes.size && !pointers.size && !carried) {
      view.again(diagram.frame);
    }
    hold(chosen);
  }

  /** Notes where the chosen box stands. */
  function hold(key) {
    const box = key && diagram.boxes.get(key);
    anchor = box ? { key, x: box.x, y: box.y } : null;
  }

  function choose(key, isByKey = false) {
    hears.chosen(key, isByKey);
  }

  /* Pointers: on the ground they move the view, on a box they choose or carry it, on its handle they pull an arrow. */
  const pointers = new Map();
  let act = null;

  function down(event) {
    if (event.button) return;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    svg.setPointerCapture(event.pointerId);
    if (pointers.size === 2) {
      drop(false);
      act = { kind: "pinch", ...pinch() };
      return;
    }
    if (pointers.size > 2) return;
    const key = keyOf(event.target);
    const arrow = event.target.closest("[data-arrow]")?.dataset.arrow;
    const start = { x: event.clientX, y: event.clientY, isStill: true };
    if (key && hears.mayWrite() && event.target.closest(".handle-spot")) act = { kind: "pull", key, ...start };
    // A finger moves the view; what it chose before it carries.
    else if (key) act = { kind: hears.mayWrite() && (event.pointerType !== "touch" || key === chosen) ? "carry" : "pan", key, ...start };
    else act = { kind: "pan", arrow, ...start };
    if (act.kind === "carry") {
      const place = view.placeOf(event);
      const box = diagram.boxes.get(key);
      Object.assign(act, { dx: box.x - place.x, dy: box.y - place.y });
    }
  }

  function pinch() {
    const [a, b] = [...pointers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, wide: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  function move(event) {
    const last = pointers.get(event.pointerId);
    if (!last || !act) return;
    const now = { x: event.clientX, y: event.clientY };
    pointers.set(event.pointerId, now);
    if (act.kind === "pinch") {
      if (pointers.size < 2) return;
      const to = pinch();
      view.pan(to.x - act.x, to.y - act.y);
      view.zoom(to.wide / Math.max(1, act.wide), to);
      Object.assign(act, to);
      return;
    }
    if (act.isStill && Math.hypot(now.x - act.x, now.y - act.y) < STILL_PX) return;
    act.isStill = false;
    svg.classList.toggle("is-pulled", true);
    if (act.kind === "pan") view.pan(now.x - last.x, now.y - last.y);
    if (act.kind === "carry") {
      const place = view.placeOf(event);
      carry(act.key, place.x + act.dx, place.y + act.dy);
    }
    if (act.kind === "pull") {
      const from = diagram.boxes.get(act.key);
      const over = under(event);
      const isGood = Boolean(over) && over !== act.key;
      mark(isGood ? over : null);
      drawing.pull({ x: from.x + from.width / 2, y: from.y }, view.placeOf(event), isGood);
    }
  }

  const under = ({ clientX, clientY }) => { const it = document.elementFromPoint(clientX, clientY); return it && svg.contains(it) ? keyOf(it) : null; };
  const mark = (key) => { for (const it of drawing.all()) it.classList.toggle("aimed", it.dataset.box === key); };

  function up(event) {
    if (!pointers.delete(event.pointerId) || !act) return;
    if (act.kind === "pinch") {
      if (!pointers.size) act = null;
      return;
    }
    const { kind, key, arrow, isStill } = act;
    if (isStill && event.type === "pointerup") {
      act = null;
      svg.classList.remove("is-pulled");
      if (key) {
        goTo(key, false);
        choose(key);
      } else if (arrow) hears.arrow(arrow);
      else choose(null);
      return;
    }
    const over = kind === "pull" && event.type === "pointerup" ? under(event) : null;
    drop(event.type === "pointerup");
    if (over === key) hears.connectedToItself();
    else if (over) hears.connected(key, over);
  }

  /** Ends what a pointer was doing; what it carried is saved or goes back. */
  function drop(isMeant) {
    const was = act;
    act = null;
    svg.classList.remove("is-pulled");
    drawing.pull(null);
    mark(null);
    if (was?.kind !== "carry" || was.isStill) return;
    if (isMeant) hears.dropped(was.key);
    else diagram.putBack(was.key);
    hold(chosen);
  }

  function carry(key, x, y) {
    view.hold();
    diagram.carry(key, x, y);
    drawing.follow(diagram.boxes.get(key));
    if (anchor?.key === key) hold(key);
  }

  for (const [name, heard] of [["pointerdown", down], ["pointermove", move], ["pointerup", up], ["pointercancel", up]]) svg.addEventListener(name, heard);

  /* Keys: along the arrows, else to what stands nearest that way. */
  const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function nearest(from, [dx, dy], among) {
    const ahead = [...among].map((key) => diagram.boxes.get(key)).filter((it) => it && it !== from).map((it) => {
      const [x, y] = [it.x - from.x, it.y - from.y];
      const along = x * dx + y * dy;
      return { key: it.key, along, cost: along + 2.5 * Math.abs(x * dy + y * dx) };
    });
    return ahead.filter((it) => it.along > 4).sort((a, b) => a.cost - b.cost)[0]?.key;
  }

  function walk(key, direction) {
    const from = diagram.boxes.get(key);
    const linked = direction[0] > 0 ? diagram.outOf(key).map((it) => it.to) : direction[0] < 0 ? diagram.into(key).map((it) => it.from) : [];
    goTo(nearest(from, direction, linked) ?? nearest(from, direction, diagram.boxes.keys()) ?? key);
  }

  function endMoving(isMeant) {
    const { key } = carried;
    carried = null;
    moving.hidden = true;
    svg.classList.remove("is-moving");
    if (isMeant) hears.dropped(key);
    else diagram.putBack(key);
    announce(isMeant ? t("box_put") : t("box_put_back"));
    goTo(key);
  }

  /** Keys carry a box until Enter or Escape. */
  function beginMoving(key) {
    if (!hears.mayWrite() || !diagram.boxes.has(key)) return;
    if (carried) endMoving(true);
    carried = { key };
    const end = button(t("move_done"), "primary", () => endMoving(true), "move-done");
    const ways = [["ArrowLeft", "←", t("move_left")], ["ArrowUp", "↑", t("move_up")], ["ArrowDown", "↓", t("move_down")], ["ArrowRight", "→", t("move_right")]];
    const hands = ways.map(([name, sign, label]) => tool(sign, label, () => nudge(name, STEP)));
    moving.replaceChildren(make("span", "", t("move_how")), make("span", "row", ...hands, end));
    moving.hidden = false;
    svg.classList.add("is-moving");
    goTo(key);
    announce(t("move_how"));
  }

  function nudge(name, by) {
    const box = diagram.boxes.get(carried.key);
    const [dx, dy] = DIRECTIONS[name];
    carry(box.key, box.x + dx * by, box.y + dy * by);
    view.reveal(box);
  }

  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const key = keyOf(event.target);
    const direction = DIRECTIONS[event.key];
    const acts = {
      "+": () => view.zoom(ZOOM), "=": () => view.zoom(ZOOM), "-": () => view.zoom(1 / ZOOM), 0: () => view.fit(diagram.frame),
      Home: () => goTo(diagram.boxes.keys().next().value), End: () => goTo([...diagram.boxes.keys()].at(-1)),
      m: () => key && beginMoving(key), M: () => key && beginMoving(key),
      Enter: () => (carried ? endMoving(true) : key && choose(key, true)), " ": () => (carried ? endMoving(true) : key && choose(key, true)),
      Escape: () => (carried ? endMoving(false) : choose(null)),
    };
    if (direction && carried) nudge(event.key, event.shiftKey ? LEAP : STEP);
    else if (direction && event.shiftKey) view.pan(-direction[0] * LEAP, -direction[1] * LEAP);
    else if (direction && key) walk(key, direction);
    else if (acts[event.key]) acts[event.key]();
    else return;
    event.preventDefault();
  });
  svg.addEventListener("focusin", ({ target }) => { const box = diagram.boxes.get(keyOf(target)); if (box && target.matches(":focus-visible")) view.reveal(box); });

  new ResizeObserver(() => {
    if (!isBegun) draw();
    // Beside a box in full there is less room, and nothing moves.
    else if (view.isWhole && !chosen) view.begin(diagram.frame);
    else if (chosen && diagram.boxes.has(chosen)) view.reveal(diagram.boxes.get(chosen));
  }).observe(element);

  /* On paper the whole stands on one page, whatever is seen of it. */
  let seen = null;
  let lightOn = null;
  function toPaper() {
    if (!diagram.boxes.size || seen !== null) return;
    drawing.draw(diagram, false);
    drawing.light(null);
    seen = world.getAttribute("transform") ?? "";
    const { left, top, width, height } = diagram.frame;
    world.removeAttribute("transform");
    svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  }
  function fromPaper() {
    if (seen === null) return;
    svg.removeAttribute("viewBox");
    world.setAttribute("transform", seen);
    seen = null;
    drawing.draw(diagram, hears.mayWrite());
    drawing.light(lightOn);
  }
  addEventListener("beforeprint", toPaper);
  addEventListener("afterprint", fromPaper);

  return {
    element, hint, draw, goTo, beginMoving,
    /** Shows what was chosen and lights what is behind it; or a group of boxes with the arrows between them. */
    light(key, lit) {
      chosen = key;
      lightOn = lit;
      hold(key);
      drawing.light(lit);
    },
    reveal: (key) => { const box = diagram.boxes.get(key); if (box) view.reveal(box); },
    hasFocus: () => svg.contains(document.activeElement),
  };
}
