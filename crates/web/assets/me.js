// The member: this device, the ways in, where it is signed in, and how it looks.
import { send } from "./device.js";
import { addPasskey, explain, proven } from "./passkey.js";
import { moveHere } from "./pay.js";
import { date, make, moment, number, t, time, yen } from "./text.js";
import { connection, trouble } from "./shell.js";

const $ = (id) => document.getElementById(id);
let it = null;

/** What was told last of how the member stands. */
export const known = () => it;

export async function load() {
  it = await send("GET", "/v1/me");
  return it;
}

export function forget() {
  it = null;
  for (const id of ["passkey-list", "session-list", "recovery-list", "device-state", "recovery-state"]) $(id).replaceChildren();
  $("recovery-list").hidden = true;
}

// Codes that were shown are gone with the place.
export function leave() {
  $("recovery-list").replaceChildren();
  $("recovery-list").hidden = true;
}

const say = (text) => { $("me-problem").textContent = text ?? ""; $("me-problem").hidden = !text; };

export async function enter() {
  say("");
  const theme = localStorage.getItem("theme") ?? "auto";
  for (const radio of document.querySelectorAll("[name=theme]")) radio.checked = radio.value === theme;
  try {
    const [, passkeys, sessions] = await Promise.all([load(), send("GET", "/v1/passkeys"), send("GET", "/v1/sessions")]);
    connection(null);
    drawDevice();
    drawPasskeys(passkeys.items);
    drawSessions(sessions.items);
  } catch (error) {
    trouble(error);
    if (error.status !== 401) say(t("cannot_be_read"));
  }
}

function drawDevice() {
  const device = it.pays_from?.name ?? "?";
  $("device-state").textContent = it.pays_here ? t("pays_here") : t("pays_elsewhere", { device });
  if (it.pays_here && it.cooling_until && it.cooling_limit !== null) $("device-state").textContent += ` ${t("cooling", { date: time(it.cooling_until), amount: yen(it.cooling_limit) })}`;
  else if (it.cooling_until) $("device-state").textContent += ` ${t("cooling_plain", { date: time(it.cooling_until) })}`;
  $("move-here").hidden = it.pays_here || Boolean(it.cooling_until);
  $("recovery-state").textContent = it.recovery_codes > 0 ? t("codes_left", { n: number(it.recovery_codes) }) : t("codes_none");
}

// One line of a list, with what can be done to it.
function entry(name, below, act, label) {
  const line = make("li", "", make("span", "", make("b", "", name), make("p", "small", below)));
  if (act) {
    const button = make("button", "text", act.text);
    button.type = "button";
    button.setAttribute("aria-label", label);
    button.addEventListener("click", () => attempt(act.act, button));
    line.append(button);
  }
  return line;
}

async function attempt(act, button) {
  say("");
  button.disabled = true;
  try {
    await act();
  } catch (error) {
    trouble(error);
    say(error.code === "invalid_request" ? t("last_way_in") : explain(error));
  } finally {
    button.disabled = false;
  }
}

function drawPasskeys(items) {
  $("passkey-list").replaceChildren(...items.map((item) => entry(item.name, t("added_on", { date: date(item.created_at) }), {
    text: t("remove"),
    act: async () => { await proven(() => send("DELETE", `/v1/passkeys/${item.id}`)); await enter(); },
  }, t("remove_named", { name: item.name }))));
}

function drawSessions(items) {
  $("session-list").replaceChildren(...items.map((item) => entry(
    item.is_this ? `${item.device} (${t("this_one")})` : item.device,
    t("last_used", { date: moment(item.used_at) }),
    item.is_this ? null : { text: t("end"), act: async () => { await send("DELETE", `/v1/sessions/${item.id}`); await enter(); } },
    t("end_named", { name: item.device }),
  )));
}

$("move-here").addEventListener("click", (event) => attempt(async () => { await moveHere(); await enter(); }, event.currentTarget));
$("add-passkey").addEventListener("click", (event) => attempt(async () => { await addPasskey(); await enter(); }, event.currentTarget));
$("make-codes").addEventListener("click", (event) => attempt(async () => {
  const { recovery_codes: codes } = await proven(() => send("POST", "/v1/recovery-codes"));
  await enter();
  $("recovery-list").replaceChildren(...codes.map((code) => make("li", "", code)));
  $("recovery-list").hidden = false;
  $("recovery-state").textContent = t("codes_shown");
}, event.currentTarget));

for (const radio of document.querySelectorAll("[name=theme]")) {
  radio.addEventListener("change", () => {
    if (radio.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = radio.value;
    localStorage.setItem("theme", radio.value);
  });
}
