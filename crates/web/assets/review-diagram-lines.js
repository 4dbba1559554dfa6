// How arrows run from box to box: gently bent, and where several leave or reach a side, next to each other instead of on one point.

/** As far as neighbouring arrows stand apart on a side, where there is room. */
const APART = 16;
const CORNER = 18;
/** How far the point of a driver stands out. */
export const POINT = 14;

/** The sides of two boxes that face each other. */
function facing(from, to) {
  const [across, down] = [to.x - from.x, to.y - from.y];
  if (Math.abs(across) >= (from.width + to.width) / 2) return across > 0 ? ["right", "left"] : ["left", "right"];
  return down >= 0 ? ["bottom", "top"] : ["top", "bottom"];
}

const isUpright = (side) => side === "left" || side === "right";

/** Where on a side an end is, `by` from its middle. */
function spot(box, side, by) {
  if (side === "left") return [box.x - box.width / 2, box.y + by];
  if (side === "top") return [box.x + by, box.y - box.height / 2];
  if (side === "bottom") return [box.x + by, box.y + box.height / 2];
  const back = box.part === "driver" ? (POINT * Math.abs(by)) / (box.height / 2) : 0;
  return [box.x + box.width / 2 - back, box.y + by];
}

/** The way of each arrow by its key: `{line, tip, middle}`, two paths and a point. `boxes` is a map by key. */
export function ways(boxes, arrows) {
  const sides = new Map();
  const ends = new Map();
  for (const arrow of arrows) {
    const [from, to] = [boxes.get(arrow.from), boxes.get(arrow.to)];
    const [out, into] = facing(from, to);
    const both = [{ box: from, side: out, other: to, key: arrow.key }, { box: to, side: into, other: from, key: arrow.key }];
    ends.set(arrow.key, both);
    for (const end of both) {
      const name = `${end.box.key}:${end.side}`;
      if (!sides.has(name)) sides.set(name, []);
      sides.get(name).push(end);
    }
  }
  for (const all of sides.values()) {
    const along = ({ side, other }) => (isUpright(side) ? other.y : other.x);
    all.sort((a, b) => along(a) - along(b) || (a.key < b.key ? -1 : 1));
    const { box, side } = all[0];
    const room = (isUpright(side) ? box.height : box.width) - 2 * CORNER;
    const apart = Math.min(APART, room / all.length);
    all.forEach((end, at) => { end.at = spot(box, side, (at - (all.length - 1) / 2) * apart); });
  }
  return new Map(arrows.map((arrow) => [arrow.key, way(ends.get(arrow.key), arrow.strength)]));
}

function way([from, to], strength) {
  const [[x1, y1], [x2, y2]] = [from.at, to.at];
  const size = 6 + 1.4 * strength;
  const flat = isUpright(to.side);
  // It leaves and arrives the way it looks.
  const sign = flat ? Math.sign(x2 - x1) || 1 : Math.sign(y2 - y1) || 1;
  const bend = Math.min(Math.abs(flat ? x2 - x1 : y2 - y1), 120) * 0.5 * sign;
  const stop = size * 0.8 * sign;
  const [ex, ey] = flat ? [x2 - stop, y2] : [x2, y2 - stop];
  const line = flat ? `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend - stop} ${y2} ${ex} ${ey}` : `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend - stop} ${ex} ${ey}`;
  const wide = size * 0.55;
  const tip = flat ? `M${x2} ${y2}l${-size * sign} ${-wide}v${2 * wide}z` : `M${x2} ${y2}l${-wide} ${-size * sign}h${2 * wide}z`;
  return { line, tip, middle: [(x1 + x2) / 2, (y1 + y2) / 2] };
}

/** The outline of a box from its upper left corner: a driver points to what follows, an outcome is round where it ends. */
export function outline({ width, height, part }) {
  if (part === "driver") return `M0 0H${width - POINT}L${width} ${height / 2}L${width - POINT} ${height}H0Z`;
  const r = CORNER;
  if (part === "outcome") return `M0 0H${width - r}A${r} ${r} 0 0 1 ${width} ${r}V${height - r}A${r} ${r} 0 0 1 ${width - r} ${height}H0Z`;
  return `M0 0H${width}V${height}H0Z`;
}
