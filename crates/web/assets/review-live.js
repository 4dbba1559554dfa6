// The changes of a review as they happen. Read by `fetch`, for a key must go with it and an EventSource takes none.
import { Problem } from "./device.js";

const FIRST_WAIT_MS = 1000;
const WAIT_MAX_MS = 30000;
/** A line on which nothing comes for this long is taken for dead. */
const SILENCE_MS = 90000;

/** Follows a review until the seat is gone. Tells by `state.emit("line", "on" | "off" | "gone")`. */
export async function follow(state) {
  let tries = 0;
  for (;;) {
    const told = await once(state).catch((problem) => problem);
    if (told instanceof Problem && told.status === 401) return state.emit("line", "gone");
    const wasGood = told === "heard";
    tries = wasGood ? 0 : tries + 1;
    if (!wasGood) state.emit("line", "off");
    // Not all at the same time, when a server comes back.
    const wait = wasGood ? FIRST_WAIT_MS : Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** tries);
    await pause(wait * (0.3 + Math.random() * 0.7));
  }
}

function pause(wait) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, wait);
    addEventListener("online", end);
  });
}

/** One stream until it ends: "heard" if it was a good one. */
async function once(state) {
  const control = new AbortController();
  let silence = setTimeout(() => control.abort(), SILENCE_MS);
  let isReady = false;
  const reply = await state.api.stream("/v1/review/live", control.signal).catch((problem) => { clearTimeout(silence); throw problem; });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(silence);
      silence = setTimeout(() => control.abort(), SILENCE_MS);
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) isReady = (await hear(state, block)) || isReady;
    }
  } catch (cause) {
    if (!isReady) throw cause;
    // A line that broke after it was good is opened again at once.
  } finally {
    clearTimeout(silence);
    control.abort();
  }
  return isReady ? "heard" : "nothing";
}

/** Heeds one event; says whether it was the first of a good line. */
async function hear(state, block) {
  const lines = block.split("\n");
  const name = lines.find((it) => it.startsWith("event:"))?.slice(6).trim();
  const data = lines.filter((it) => it.startsWith("data:")).map((it) => it.slice(5)).join("\n");
  if (!name) return false;
  const told = data ? JSON.parse(data) : {};
  if (name === "change") state.change(told);
  if (name === "missed") await state.read();
  if (name === "present" || name === "ready") {
    Object.assign(state, { present: told.present, people: told.people ?? state.people });
    state.emit("people");
  }
  if (name !== "ready") return false;
  // Before any change that comes on this line, so that none is passed over.
  if (told.number > state.number) await state.catchUp();
  state.emit("line", "on");
  return true;
}
