/*
 * Where the app is installed: says that it is offline in the place of the browser's own page. Whatever can be
 * reached comes from the server, so that no old build meets a new server. The cache has the four files below and
 * nothing else: no answer of the API, and no text of a user.
 */
const CACHE = "colloquy-offline-1";
const OWN_CACHES = /^colloquy-offline-/;
const SHELL = "offline.html";
const FILES = [SHELL, "offline.js", "offline.css", "icon.svg"];

const addressOf = (name) => new URL(name, self.registration.scope).href;
const reload = (name) => new Request(addressOf(name), { cache: "reload" });

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map(reload));
  await self.skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => OWN_CACHES.test(name) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The files of the shell are named from where the app is, whichever of its pages was asked for. */
async function offlinePage() {
  const kept = await caches.match(addressOf(SHELL));
  if (!kept) return Response.error();
  const home = new URL(self.registration.scope).pathname;
  const text = (await kept.text()).replaceAll('="./', `="${home}`);
  const headers = new Headers(kept.headers);
  for (const name of ["content-encoding", "content-length", "etag"]) headers.delete(name);
  return new Response(text, { headers });
}

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(offlinePage));
  else if (FILES.some((name) => request.url === addressOf(name)))
    event.respondWith(fetch(request).catch(() => caches.match(request.url)));
});

async function show(path) {
  const windows = await self.clients.matchAll({ type: "window" });
  const [shown] = windows.filter(({ url }) => url.startsWith(self.registration.scope));
  if (!shown) return self.clients.openWindow(new URL(path, self.registration.scope).href);
  await shown.focus();
  shown.postMessage({ type: "open", path });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.path ?? "./"));
});
