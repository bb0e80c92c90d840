/**
 * The browser's Back closes what lies over the page before it changes the page: whatever opens over it puts one entry into
 * the history, and takes it out again when it closes by other means.
 */

const over: (() => void)[] = [];
/** Our own step back is under way: what wants another address waits for it. */
let isLeaving = false;
let waiting: (() => void)[] = [];

/** Whether the page is under something: its address is then that of the entry below. */
export const isOver = (): boolean => (history.state as { over?: boolean } | null)?.over === true;
const putEntry = (): void => history.pushState({ over: true }, '', location.href);

function settle(): void {
  isLeaving = false;
  const changes = waiting;
  waiting = [];
  for (const change of changes) change();
  if (over.length > 0 && !isOver()) putEntry();
}

function onBack(): void {
  if (isLeaving) settle();
  else if (!isOver()) over.at(-1)?.();
}

/** `close` is called when Back is pressed. Returns what to call when it has closed, in whichever way. */
export function openOver(close: () => void): () => void {
  // The same listener is there once, however often it is added.
  window.addEventListener('popstate', onBack);
  over.push(close);
  if (!isLeaving && !isOver()) putEntry();
  return () => {
    over.splice(over.indexOf(close), 1);
    // One may open as another closes: they share the entry.
    setTimeout(() => {
      if (over.length > 0) {
        if (!isLeaving && !isOver()) putEntry();
        return;
      }
      if (isLeaving || !isOver()) return;
      isLeaving = true;
      history.back();
      // A browser may refuse to step back; nothing waits for that for ever.
      setTimeout(() => isLeaving && settle(), 1_000);
    });
  };
}

/** Another address of the page. In the place of an entry of what lies over it, which the page then has left. */
export function changeAddress(address: string, way: 'push' | 'replace', after: () => void): void {
  const change = () => {
    if (way === 'replace' || isOver()) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    after();
  };
  if (isLeaving) waiting.push(change);
  else change();
}
