// How a mandala behaves: arrow keys walk round and in or out, a mark is asked for, a region opens. It knows what the pictures and the list
// look like and tells what was chosen; it keeps no mark and sends nothing.
//
// Pictures of one chart stand in one `.mandala-stage`; what has `data-mandala` around it and a list shares counts and marks.

const HEAT_MAX = 5;
/** Below this many pixels a label counts as unread: then a sector opens its region before anything can be marked. */
const READ_PX = 11;

const rootOf = (element) => element.closest("[data-mandala]") ?? element.closest(".mandala-stage") ?? element;
const within = (element, selector) => (element.matches(selector) ? [element] : [...element.querySelectorAll(selector)]);
const causesOf = (element) => within(rootOf(element), "[data-key]").filter((it) => it.classList.contains("cause"));

/** What is said of an item: its name, and its count where it has one. */
function say(item, count) {
  const words = item.closest("[data-said]")?.dataset.said ?? "{name}, {n}";
  const name = item.dataset.name;
  item.setAttribute("aria-label", count ? words.replace(/\{(name|n)\}/g, (_, gap) => (gap === "n" ? count : name)) : name);
}

/** Shows how many chose each cause, `{key: count}`, on every picture and list of the chart; `null` shows no heat at all. */
export function setCounts(svg, counts) {
  const most = Math.max(HEAT_MAX, ...Object.values(counts ?? {}));
  for (const picture of within(rootOf(svg), "svg.mandala")) picture.classList.toggle("heated", counts !== null);
  for (const item of causesOf(svg)) {
    const count = counts?.[item.dataset.key] ?? 0;
    const heat = count && 1 + Math.floor(((count - 1) * (HEAT_MAX - 1)) / (most - 1));
    for (let step = 0; step <= HEAT_MAX; step++) item.classList.toggle(`heat-${step}`, counts !== null && step === heat);
    item.classList.toggle("counted", count > 0);
    const place = item.querySelector(".count");
    place.textContent = count || "";
    if (place.localName === "text") {
      // Three digits and more get smaller.
      const size = 3 / Math.max(2, String(count).length);
      place.setAttribute("y", 4.2 * size);
      place.setAttribute("font-size", 12 * size);
    }
    say(item, count);
  }
}

/** Shows which causes are marked, and only those, on every picture and list of the chart. */
export function setMarked(svg, keys) {
  const marked = new Set(keys);
  for (const item of causesOf(svg)) {
    const is = marked.has(item.dataset.key);
    item.classList.toggle("marked", is);
    item.setAttribute(item.localName === "button" ? "aria-pressed" : "aria-checked", String(is));
  }
}

/**
 * Brings the pictures of a chart to life, and its list. Give any of its pictures, or the stage.
 * `onChoose(key)`: a cause was chosen, to be marked or not any more; also the event `mandala:choose`.
 * `onZoom(key)`: a region was opened, or `null`: closed again; also the event `mandala:zoom`.
 * Returns `{open(key), close()}`.
 */
export function mandala(svg, { onChoose, onZoom } = {}) {
  const root = rootOf(svg);
  const stage = svg.closest(".mandala-stage") ?? root;
  const pictures = within(root, "svg.mandala");
  const items = (picture) => [...picture.querySelectorAll(".item")];
  const fan = (key) => pictures.find((it) => it.dataset.form === "fan" && it.dataset.key === key);
  const tell = (from, name, key) => from.dispatchEvent(new CustomEvent(`mandala:${name}`, { bubbles: true, detail: { key } }));
  /** The item from which each ring was left last, by what it stands in. */
  const left = new Map();

  function choose(item) {
    tell(item, "choose", item.dataset.key);
    onChoose?.(item.dataset.key);
  }

  function goTo(item) {
    if (!item) return;
    for (const other of items(item.ownerSVGElement)) other.setAttribute("tabindex", other === item ? "0" : "-1");
    item.focus({ preventScroll: item.ownerSVGElement.dataset.form !== "fan" });
  }

  /** Opens a region, or a group where there are no regions, and goes to one of its items. */
  function open(key, to) {
    const picture = fan(key);
    if (!picture) return false;
    for (const other of pictures) other.classList.toggle("is-open", other === picture);
    stage.dataset.open = key;
    goTo(items(picture).find((it) => it.dataset.key === to) ?? items(picture)[0]);
    tell(picture, "zoom", key);
    onZoom?.(key);
    return true;
  }

  function close() {
    const key = stage.dataset.open;
    if (!key) return false;
    delete stage.dataset.open;
    for (const picture of pictures) picture.classList.remove("is-open");
    const seen = pictures.find((it) => it.getClientRects().length);
    goTo(items(seen ?? svg).find((it) => it.dataset.key === key));
    tell(seen ?? svg, "zoom", null);
    onZoom?.(null);
    return true;
  }

  const parent = (item) => items(item.ownerSVGElement).find((it) => it.dataset.key === item.dataset.parent);
  const child = (item) => {
    const own = items(item.ownerSVGElement).filter((it) => it.dataset.parent === item.dataset.key);
    return own.find((it) => it.dataset.key === left.get(item.dataset.key)) ?? own[0];
  };
  const ring = (item) => items(item.ownerSVGElement).filter((it) => it.dataset.ring === item.dataset.ring);

  function around(item, by) {
    const all = ring(item);
    goTo(all[(all.indexOf(item) + by + all.length) % all.length]);
  }

  function inward(item) {
    const to = parent(item);
    if (to) left.set(to.dataset.key, item.dataset.key);
    goTo(to);
    return Boolean(to);
  }

  /** What opens when an item cannot be read where it stands; nothing if it can. */
  function unread(item) {
    const picture = item.ownerSVGElement;
    const shown = (Number(picture.dataset.smallest) * picture.getBoundingClientRect().width) / picture.viewBox.baseVal.width;
    if (picture.dataset.form === "fan" || (picture.dataset.form === "whole" && shown >= READ_PX)) return undefined;
    let top = item;
    while (parent(top)) top = parent(top);
    return fan(top.dataset.key) && top.dataset.key;
  }

  function act(item, byKey) {
    const key = unread(item);
    if (key) open(key, item.dataset.key);
    else if (item.classList.contains("cause")) choose(item);
    else if (byKey) goTo(child(item));
  }

  function press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest(".back") && ["Enter", " ", "Escape"].includes(event.key)) {
      event.preventDefault();
      close();
      return;
    }
    const item = event.target.closest(".item");
    if (!item) return;
    const isFan = item.ownerSVGElement.dataset.form === "fan";
    // A fan's causes stand one below the other, and its groups to their left.
    const keys = isFan
      ? { ArrowDown: "next", ArrowUp: "previous", ArrowRight: "out", ArrowLeft: "in" }
      : { ArrowRight: "next", ArrowLeft: "previous", ArrowDown: "out", ArrowUp: "in" };
    const acts = {
      next: () => around(item, 1),
      previous: () => around(item, -1),
      out: () => goTo(child(item)),
      in: () => inward(item),
      Home: () => goTo(ring(item)[0]),
      End: () => goTo(ring(item).at(-1)),
      Enter: () => act(item, true),
      " ": () => act(item, true),
    };
    if (event.key === "Escape") {
      if (close() || inward(item)) event.preventDefault();
      return;
    }
    const way = acts[keys[event.key] ?? event.key];
    if (!way) return;
    event.preventDefault();
    way();
  }

  for (const picture of pictures) {
    items(picture)[0]?.setAttribute("tabindex", "0");
    const rings = picture.querySelectorAll(".focus-ground, .focus-ring");
    const outline = (d) => rings.forEach((it) => it.setAttribute("d", d));
    picture.addEventListener("keydown", press);
    picture.addEventListener("click", (event) => {
      if (event.target.closest(".back")) return void close();
      const item = event.target.closest(".item");
      if (!item) return undefined;
      goTo(item);
      return act(item, false);
    });
    picture.addEventListener("focusin", (event) => {
      const item = event.target.closest(".item");
      outline(item?.matches(":focus-visible") ? item.querySelector(".area").getAttribute("d") : "");
    });
    picture.addEventListener("focusout", () => outline(""));
  }
  for (const button of root.querySelectorAll(".mandala-list .cause")) button.addEventListener("click", () => choose(button));
  return { open, close };
}
