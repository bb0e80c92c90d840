import { useEffect } from 'react';

/** All parts of the page have come by then, the lazy ones too. */
const LOADED_AFTER = 4_000;

/**
 * Has the browser keep the page's own files, so that it opens without the network. Where the address is no secure context
 * (plain http in a home network) browsers have no service workers: the page then works offline until it is reloaded.
 */
export function useOfflineShell(): void {
  useEffect(() => {
    if (!('serviceWorker' in navigator)) return;
    const timer = setTimeout(async () => {
      try {
        await navigator.serviceWorker.register('/offline-shell.js');
        const { active } = await navigator.serviceWorker.ready;
        const own = performance.getEntriesByType('resource').map((entry) => entry.name);
        active?.postMessage({ files: own.filter((name) => name.startsWith(`${location.origin}/_next/static/`)) });
      } catch {
        // Refused by the browser or its owner: the page works as it does without.
      }
    }, LOADED_AFTER);
    return () => clearTimeout(timer);
  }, []);
}
