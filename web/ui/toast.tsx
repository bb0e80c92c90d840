import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { Icon } from './icons.tsx';

const STAYS_MS = 8_000;

/** What happened and what follows; one at a time. */
export interface Toast {
  words: ReactNode;
  undo?: () => void;
  tone?: 'done' | 'plain' | 'refused';
}

let shown: (Toast & { key: number }) | undefined;
let keys = 0;
const listeners = new Set<() => void>();
const set = (next: typeof shown): void => {
  shown = next;
  for (const listener of listeners) listener();
};

export const showToast = (toast: Toast): void => set({ ...toast, key: ++keys });
export const hideToast = (): void => set(undefined);

/** Takes the last act back while its toast is there. */
export function undoLast(): boolean {
  const undo = shown?.undo;
  if (!undo) return false;
  hideToast();
  undo();
  return true;
}

export function Toaster() {
  const toast = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
    () => undefined,
  );
  const [held, setHeld] = useState(false);
  const key = toast?.key;
  useEffect(() => {
    if (key === undefined || held) return;
    const timer = setTimeout(hideToast, STAYS_MS);
    return () => clearTimeout(timer);
  }, [key, held]);
  return (
    <div className="toaster" role="status" aria-live="polite">
      {toast && (
        // biome-ignore lint/a11y/noStaticElementInteractions: pointer and focus only hold it, its button acts
        <div
          key={toast.key}
          className="toast"
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocus={() => setHeld(true)}
          onBlur={() => setHeld(false)}
        >
          {toast.tone !== 'plain' && (
            <span className="toast-disc" data-tone={toast.tone ?? 'done'}>
              <Icon name={toast.tone === 'refused' ? 'close' : 'check'} />
            </span>
          )}
          <span>{toast.words}</span>
          {toast.undo && (
            <>
              <button type="button" className="toast-undo" onClick={() => undoLast()}>
                Undo
              </button>
              <kbd>Z</kbd>
            </>
          )}
        </div>
      )}
    </div>
  );
}
