// What changed the wallet, newest first, month by month.
import { send } from "./device.js";
import { openReceipt } from "./receipt.js";
import { make, moment, month, number, points, sign, t, word } from "./text.js";
import { connection, trouble } from "./shell.js";

const $ = (id) => document.getElementById(id);
// How far back a search reads at most, in pages of 100 lines.
const PAGES = 20;

let lines = [];
let cursor = null;
let isHere = false;
let isStale = true;
let loading = 0;

export function enter() {
  isHere = true;
  if (isStale) load();
}

export function leave() { isHere = false; }

export function forget() {
  lines = [];
  cursor = null;
  isStale = true;
  $("history-list").replaceChildren();
}

export function happened() {
  isStale = true;
  if (isHere) load();
}

async function load() {
  const mine = ++loading;
  try {
    const page = await send("GET", "/v1/history?limit=50");
    if (mine !== loading) return;
    connection(null);
    ({ items: lines, next_cursor: cursor } = page);
    isStale = false;
    search();
  } catch (error) {
    if (mine !== loading) return;
    trouble(error);
    if (lines.length === 0) say(t("cannot_be_read"));
  }
}

async function more(limit = 50) {
  const mine = loading;
  const page = await send("GET", `/v1/history?limit=${limit}&cursor=${encodeURIComponent(cursor)}`);
  if (mine !== loading) return false;
  lines = lines.concat(page.items);
  cursor = page.next_cursor;
  return cursor !== null;
}

const say = (text) => { $("history-state").textContent = text; $("history-state").hidden = !text; };

const fold = (text) => text.normalize("NFKC").toLowerCase();

function matches(line, wanted) {
  const amount = String(Math.abs(line.change || line.points_change || line.amount));
  return [line.shop?.name ?? "", word("kind", line.kind), ...line.items.map((item) => item.name)].some((it) => fold(it).includes(wanted))
    || amount === wanted.replace(/[¥,]/g, "");
}

let searching = 0;

async function search() {
  const mine = ++searching;
  const wanted = fold($("search").value.trim());
  let found = wanted ? lines.filter((line) => matches(line, wanted)) : lines;
  draw(found);
  for (let page = 0; wanted && cursor && page < PAGES; page += 1) {
    try {
      await more(100);
    } catch (error) { trouble(error); break; }
    if (mine !== searching) return;
    found = lines.filter((line) => matches(line, wanted));
    draw(found);
  }
  $("history-more").hidden = cursor === null || Boolean(wanted);
  say(found.length > 0 ? (wanted ? t("found", { n: number(found.length) }) : "") : wanted ? t("history_none") : t("history_empty"));
}

const SIGNS = { payment: "i-out", authorization: "i-hold", capture: "i-out", top_up: "i-in", refund: "i-in", grant: "i-in", exchange: "i-in" };

function draw(found) {
  const list = $("history-list");
  const made = [];
  let last = "";
  for (const line of found) {
    const name = month(line.created_at);
    if (name !== last) made.push(make("h2", "month", name));
    last = name;
    const inYen = line.change !== 0 || line.points_change === 0;
    const change = inYen ? line.change : line.points_change;
    const plus = change > 0;
    const mark = change === 0 ? "" : plus ? "+" : "−";
    const sum = make("span", plus ? "sum plus" : "sum", inYen ? `${mark}¥${number(Math.abs(change))}` : `${mark}${points(Math.abs(change))}`);
    const button = make("button", "entry",
      make("i", "", sign(SIGNS[line.kind] ?? "i-history")),
      make("span", "", make("b", "", line.shop?.name ?? word("kind", line.kind)), make("span", "small", `${line.shop?.name ? `${word("kind", line.kind)} · ` : ""}${moment(line.created_at)}`)),
      sum);
    button.type = "button";
    button.addEventListener("click", () => openReceipt(line));
    made.push(button);
  }
  list.replaceChildren(...made);
}

let typing;
$("search").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, 200); });
$("search-form").addEventListener("submit", (event) => { event.preventDefault(); search(); });
$("history-more").addEventListener("click", async () => {
  try { await more(); await search(); } catch (error) { trouble(error); }
});
