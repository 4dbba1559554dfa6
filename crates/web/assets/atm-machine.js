// What takes, keeps and gives back notes: a machine that is attached to this page, or buttons that play one. For makers of machines:
// docs/guides/an-atm.md.
import { make, yen as inYen } from "./text.js";
import { NOTES } from "./atm-escrow.js";

// How often an order is given again until the machine has carried it out, in milliseconds.
const AGAIN = 5000;

const tell = (name, detail) => window.dispatchEvent(new CustomEvent(`warifu:${name}`, { detail, cancelable: true }));

/**
 * The page's end of the cable. `mayTake()` says whether notes are taken now; `touched()` is called when somebody puts one in,
 * `attached()` when a machine is there, and `failed()` when nothing can be written any more. `mayPlay`: the server says that this is a
 * demonstration; anywhere else buttons would make money of nothing.
 */
export async function connect({ escrow, disk, mayTake, mayPlay, touched, attached, failed, buttons }) {
  let isAttached = false;
  let accepts;
  const wasAttached = Boolean(await disk.read("machine"));

  // What the slot takes, and what is to be done with what it took.
  function update(again = false) {
    const up_to = mayTake() ? Math.max(escrow.room, 0) : 0;
    if (up_to !== accepts || again) tell("accept", { on: up_to >= NOTES[0], up_to });
    accepts = up_to;
    if (escrow.order) tell(escrow.order.what, escrow.order);
  }
  escrow.addEventListener("change", () => update());
  setInterval(() => { if (escrow.order) update(); }, AGAIN);

  const written = (change) => { change.catch(failed); return change; };
  const notes = () => (escrow.visit?.notes ?? []).map((note) => ({ ...note }));
  const hook = {
    version: 1,
    async attach() {
      isAttached = true;
      buttons.hidden = true;
      // From now on nobody puts in notes that are not there.
      await disk.change("machine", () => true);
      update(true);
      attached();
      return { notes: notes(), order: escrow.order };
    },
    async insert(yen, id = crypto.randomUUID()) {
      touched();
      const isIn = await written(escrow.insert(yen, String(id), mayTake));
      update();
      return isIn;
    },
    done: (id) => written(escrow.done(id)),
    notes,
  };
  window.warifuAtm = Object.freeze(hook);
  tell("ready");

  const plays = mayPlay && !wasAttached;
  if (!isAttached && plays) await play({ escrow, disk, hook, buttons, isReal: () => isAttached });
  return { update, isThere: () => isAttached || plays, print: (receipt) => tell("print", { receipt }) };
}

/** Buttons in the place of a slot. What the played machine holds is in a book of its own, as a real one has a memory of its own. */
async function play({ escrow, disk, hook, buttons, isReal }) {
  const change = (by) => disk.change("played", (was) => by(was ?? { escrow: [], kept: 0, returned: 0 }));
  const without = (it, ids) => it.escrow.filter((note) => !ids.includes(note.id));
  const sum = (it, ids) => it.escrow.filter((note) => ids.includes(note.id)).reduce((yen, note) => yen + note.yen, 0);
  const out = (ids) => change((it) => ({ ...it, escrow: without(it, ids), returned: it.returned + sum(it, ids) }));
  const into = (ids) => change((it) => ({ ...it, escrow: without(it, ids), kept: it.kept + sum(it, ids) }));

  // A note that the page has not got in its book fell out when the power came back.
  const known = hook.notes().map((note) => note.id);
  await change((it) => {
    const lost = it.escrow.map((note) => note.id).filter((id) => !known.includes(id));
    return { ...it, escrow: without(it, lost), returned: it.returned + sum(it, lost) };
  });

  buttons.querySelector("div").replaceChildren(...NOTES.map((yen) => {
    const button = make("button", "note", inYen(yen));
    button.type = "button";
    button.dataset.yen = String(yen);
    button.disabled = true;
    button.addEventListener("click", async () => {
      const id = crypto.randomUUID();
      await change((it) => ({ ...it, escrow: [...it.escrow, { id, yen }] }));
      if (!await hook.insert(yen, id)) await out([id]);
    });
    return button;
  }));
  buttons.hidden = false;
  window.addEventListener("warifu:accept", ({ detail }) => {
    for (const button of buttons.querySelectorAll("button")) button.disabled = !detail.on || Number(button.dataset.yen) > detail.up_to;
  });
  for (const [what, move] of [["keep", into], ["return", out]]) {
    window.addEventListener(`warifu:${what}`, async ({ detail }) => {
      if (isReal()) return;
      await move(detail.notes);
      await hook.done(detail.id);
    });
  }
}
