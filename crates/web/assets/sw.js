// Keeps the shell and its files for when there is no network. Never anything of a member's: what is not listed here goes to
// the network and nowhere else.
const SHELL = `shell-${"VERSION"}`;
const FILES = ["FILES"];
const PLACES = ["/", "/history", "/top-up", "/me"];

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
  if (request.mode === "navigate" && PLACES.includes(url.pathname)) event.respondWith(shell(request));
  else if (FILES.includes(url.pathname)) event.respondWith(file(request));
});

// Every place is the same shell, in the language that was shown last.
async function shell(request) {
  const cache = await caches.open(SHELL);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put("/", fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match("/");
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  const kept = await caches.match(request);
  return kept ?? fetch(request);
}
