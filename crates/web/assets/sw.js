// Keeps the shells and their files for when there is no network: the wallet's from the start, a till's once it was opened, so that it
// can be opened again while the line is cut. Never anything of a member's or a shop's: what is not named here goes to the network
// and nowhere else.
const SHELL = `shell-${"VERSION"}`;
const FILES = ["FILES"];
const PLACES = ["/", "/history", "/top-up", "/me", "/scan"];
const STATIONS = ["/till", "/atm"];
const ASSETS = `/assets/${"VERSION"}/`;
const isPlace = (path) => PLACES.includes(path) || /^\/(bill|shop)\//.test(path);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([...FILES, "/"])).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const stale = (name) => name.startsWith("shell-") && name !== SHELL;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(stale).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && isPlace(url.pathname)) event.respondWith(shell(request, "/"));
  else if (request.mode === "navigate" && STATIONS.includes(url.pathname)) event.respondWith(shell(request, url.pathname));
  else if (url.pathname.startsWith(ASSETS)) event.respondWith(file(request));
});

// Every place of the wallet is the same shell, in the language that was shown last.
async function shell(request, name) {
  const cache = await caches.open(SHELL);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(name, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(name);
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await (await caches.open(SHELL)).put(request, fresh.clone());
  return fresh;
}
