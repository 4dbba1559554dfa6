// The mandala of a review in its place: the pictures from the server, and the list beside them.
import { mandalaInto } from "./fragment.js";
import { mandala, setCounts, setMarked } from "./mandala.js";
import { make } from "./text.js";

/** Puts the chart of a review's key into `root`. `onChoose(key)` hears what was chosen. */
export async function chartInto(root, api, onChoose) {
  root.classList.add("chart");
  root.dataset.mandala = "";
  let chosen = onChoose;
  let shown = { counts: null, marked: [] };
  root.addEventListener("mandala:choose", ({ detail }) => chosen?.(detail.key));

  async function read() {
    await mandalaInto(root, (path) => api.text(path));
    const list = root.querySelector(".mandala-list");
    const beside = make("div", "beside");
    list.before(beside);
    beside.append(list);
    // What is seen and what is said must not differ by a gap.
    for (const count of root.querySelectorAll("text.count")) count.before(" ");
    mandala(stage());
    show(shown);
  }
  const stage = () => root.querySelector(".mandala-stage");

  function show(it) {
    shown = { ...shown, ...it };
    setCounts(stage(), shown.counts);
    setMarked(stage(), shown.marked);
  }

  await read();
  return { root, read, show, listen: (heard) => { chosen = heard; } };
}
