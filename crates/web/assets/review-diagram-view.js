// What part of the diagram is seen, and how large: moved by finger, mouse, wheel and keys. Knows nothing of boxes.

const SMALLEST = 0.08;
const LARGEST = 2.5;
/** At first words can be read, the more of them the wider the screen is; the whole is one press away. */
const READABLE = [0.45, 0.7];
const WIDE = 1200;
const EDGE = 12;

/** The view of `svg` onto `world`, a group in it. `moved()` hears of every change. */
export function viewOf(svg, world, moved) {
  let [scale, left, top] = [1, 0, 0];
  let isWhole = true;
  let smallest = SMALLEST;
  const size = () => svg.getBoundingClientRect();

  function set(nextScale, nextLeft, nextTop) {
    scale = Math.min(LARGEST, Math.max(SMALLEST, nextScale));
    [left, top] = [nextLeft, nextTop];
    world.setAttribute("transform", `translate(${left.toFixed(2)} ${top.toFixed(2)}) scale(${scale.toFixed(4)})`);
    moved();
  }

  /** Shows a whole frame; `least` is the smallest scale that may do, and then its beginning is shown. */
  function fit(frame, least = SMALLEST) {
    const { width, height } = size();
    if (!width || !height) return;
    const wanted = Math.min((width - 2 * EDGE) / frame.width, (height - 2 * EDGE) / frame.height, 1);
    const to = Math.max(wanted, Math.min(least, 1));
    const room = [width - frame.width * to, height - frame.height * to];
    const x = room[0] >= 0 ? room[0] / 2 : EDGE;
    const y = room[1] / 2;
    set(to, x - frame.left * to, y - frame.top * to);
    isWhole = true;
    smallest = least;
  }

  /** Larger or smaller round a point of the screen, the middle if there is none. */
  function zoom(by, at) {
    const box = size();
    const [x, y] = at ? [at.x - box.left, at.y - box.top] : [box.width / 2, box.height / 2];
    const to = Math.min(LARGEST, Math.max(SMALLEST, scale * by));
    set(to, x - ((x - left) * to) / scale, y - ((y - top) * to) / scale);
    isWhole = false;
  }

  function pan(x, y) {
    set(scale, left + x, top + y);
    isWhole = false;
  }

  /** Brings a place of the diagram into sight, if it is not. */
  function reveal({ x, y, width, height }) {
    const box = size();
    if (!box.width || !box.height) return;
    const [a, b] = [left + (x - width / 2) * scale, left + (x + width / 2) * scale];
    const [c, d] = [top + (y - height / 2) * scale, top + (y + height / 2) * scale];
    const by = (from, to, room) => (from < EDGE ? EDGE - from : to > room - EDGE ? Math.max(room - EDGE - to, EDGE - from) : 0);
    const [across, down] = [by(a, b, box.width), by(c, d, box.height)];
    if (across || down) pan(across, down);
  }

  svg.addEventListener("wheel", (event) => {
    // The page scrolls by the wheel, as everywhere; a pinch on a pad comes as a wheel with Ctrl.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.005)), { x: event.clientX, y: event.clientY });
  }, { passive: false });

  return {
    fit, zoom, pan, reveal,
    begin: (frame) => fit(frame, Math.min(READABLE[1], Math.max(READABLE[0], size().width / WIDE))),
    /** Shows a frame that has changed as the last one was shown, if it can be seen much better. */
    again(frame) {
      const { width, height } = size();
      const wanted = Math.min((width - 2 * EDGE) / frame.width, (height - 2 * EDGE) / frame.height, 1);
      if (!this.sees(frame) || wanted > scale * 1.2) fit(frame, smallest);
    },
    get scale() { return scale; },
    /** Somebody has begun to work in what is seen: it is not made to fit by itself any more. */
    hold() { isWhole = false; },
    /** Whether all of a frame is in sight. */
    sees({ left: x, top: y, width, height }) {
      const box = size();
      return left + x * scale >= 0 && top + y * scale >= 0 && left + (x + width) * scale <= box.width && top + (y + height) * scale <= box.height;
    },
    /** Whether nobody has moved it since it was made to fit. */
    get isWhole() { return isWhole; },
    /** A point of the screen as a place of the diagram. */
    placeOf: ({ clientX, clientY }) => { const box = size(); return { x: (clientX - box.left - left) / scale, y: (clientY - box.top - top) / scale }; },
  };
}
