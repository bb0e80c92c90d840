// Lets the page open without the network: its own files, nothing of the person's. The page is asked for first, so that a
// new version shows at once; files under /_next/static/ never change, so they are taken from here once they are here.
const KEEP = 'shell';
const PAGE = '/';

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(KEEP)
      .then((cache) => cache.add(PAGE))
      .then(() => self.skipWaiting()),
  );
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

// The page says what it has loaded: what came before this worker did, and what of an older version can go.
self.addEventListener('message', (event) => event.waitUntil(keepOnly(event.data.files)));

// A notice of a reminder was tapped: whoever is open comes forward and shows it.
self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(showTask(event.notification.data));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin || /^\/(api|ws)\//.test(pathname)) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (pathname.startsWith('/_next/static/')) event.respondWith(file(request));
});

async function showTask(data) {
  const [open] = await self.clients.matchAll({ type: 'window' });
  if (!open) return self.clients.openWindow(data.task_id ? `/today?task=${data.task_id}` : '/today');
  await open.focus();
  open.postMessage({ t: 'notice', ...data });
}

async function page(request) {
  const cache = await caches.open(KEEP);
  try {
    const fresh = await fetch(request);
    if (fresh.ok && fresh.headers.get('content-type')?.startsWith('text/html')) await cache.put(PAGE, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

async function file(request) {
  const cache = await caches.open(KEEP);
  const kept = await cache.match(request);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) await cache.put(request, fresh.clone());
  return fresh;
}

async function keepOnly(files) {
  const cache = await caches.open(KEEP);
  const wanted = new Set(files);
  for (const kept of await cache.keys()) {
    if (new URL(kept.url).pathname !== PAGE && !wanted.has(kept.url)) await cache.delete(kept);
  }
  await Promise.all(files.map(async (url) => (await cache.match(url)) ?? cache.add(url)));
}
