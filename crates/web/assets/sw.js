// Keeps the shells and their files for when there is no network: the wallet's from the start, a till's once it was opened, so that it
// can be opened again while the line is cut. Never anything of a member's or a shop's: what is not named here goes to the network
// and nowhere else.
const SHELL = `shell-${"VERSION"}`;
const FILES = ["FILES"];
const PLACES = ["/", "/history", "/top-up", "/me", "/scan"];
const STATIONS = ["/till", "/atm"];
// How long a page is waited for that is kept, in milliseconds.
const PATIENCE = 4000;
const ASSETS = `/assets/${"VERSION"}/`;
const isPlace = (path) => PLACES.includes(path) || /^\/(bill|shop)\//.test(path);

self.addEventListener("install", (event) => {
  event.waitUntil(install().then(() => self.skipWaiting()));
});

async function install() {
  const cache = await caches.open(SHELL);
  await Promise.all(FILES.map((name) => keep(cache, name)));
  await cache.add("/");
  // A till that was opened before stays one that opens without the line.
  for (const station of STATIONS) {
    if (!await caches.match(station)) continue;
    const page = await fetch(station, { cache: "no-cache" });
    const files = [...(await page.clone().text()).matchAll(/"(\/assets\/[^"]+)"/g)].map((match) => match[1]);
    await Promise.all(files.map((name) => keep(cache, name)));
    await cache.put(station, page);
  }
}

// While nodes of two versions serve, another's file may come under this version's path: it says so by not being there for good.
async function keep(cache, name) {
  const reply = await fetch(name, { cache: "no-cache" });
  const isOurs = reply.ok && (!name.startsWith(ASSETS) || reply.headers.get("cache-control")?.includes("immutable"));
  if (!isOurs) throw new TypeError(name);
  await cache.put(name, reply);
}

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
  const kept = await cache.match(name);
  try {
    // A line that is half dead must not keep a kept page from being shown.
    const fresh = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE) } : {});
    if (fresh.status >= 500 && kept) return kept;
    if (fresh.ok) await cache.put(name, fresh.clone());
    return fresh;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  const kept = await caches.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  const isOurs = fresh.ok && fresh.headers.get("cache-control")?.includes("immutable");
  if (isOurs) await (await caches.open(SHELL)).put(request, fresh.clone());
  return fresh;
}
