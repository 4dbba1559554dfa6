// Reading a shop's code in the wallet: by the camera where the browser can, else by a link that was copied.
import { openCode } from "./bill.js";
import { canScan, scan } from "./scan.js";
import { t } from "./text.js";

const $ = (id) => document.getElementById(id);
let looking;

export async function enter() {
  say("");
  $("scan-video").hidden = !canScan();
  if (!canScan()) return;
  looking = new AbortController();
  const { signal } = looking;
  try {
    const read = await scan($("scan-video"), ["qr_code"], signal);
    if (read) await open(read);
  } catch {
    $("scan-video").hidden = true;
    if (!signal.aborted) say(t("scan_no_camera"));
  }
}

export function leave() {
  looking?.abort();
  looking = undefined;
}

function say(text) {
  $("scan-told").textContent = text;
  $("scan-told").hidden = !text;
}

// A code that leads nowhere is said here, where the next one can be tried.
async function open(code) {
  await openCode(code.trim());
  if ($("view-bill").dataset.state === "gone") say($("bill-told").textContent);
}

$("scan-form").addEventListener("submit", (event) => {
  event.preventDefault();
  open($("scan-text").value);
});
