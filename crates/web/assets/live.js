// What happens to the wallet, as it happens. Each stream is opened with a ticket that is good once.
import { send } from "./device.js";

let stream;
let timer;
let wait = 1000;

/** Opens the stream, and again whenever it ends. `told` is given the name of each event and what it carries. */
export async function open(told) {
  close();
  try {
    const { ticket } = await send("POST", "/v1/live-tickets", {});
    const source = new EventSource(`/v1/live?ticket=${encodeURIComponent(ticket)}`);
    stream = source;
    for (const name of ["ready", "recorded", "missed"]) {
      source.addEventListener(name, (event) => {
        wait = 1000;
        told(name, JSON.parse(event.data));
      });
    }
    // The browser would try the same ticket again.
    source.onerror = () => { if (stream === source) again(told); };
  } catch (error) {
    if (error.status === 401) told("signed-out");
    else { told("cut", error); again(told); }
  }
}

function again(told) {
  close();
  timer = setTimeout(() => open(told), wait * (0.75 + Math.random() / 2));
  wait = Math.min(wait * 2, 20000);
}

export function close() {
  clearTimeout(timer);
  stream?.close();
  stream = undefined;
}
