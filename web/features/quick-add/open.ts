import { useSyncExternalStore } from 'react';

/** Whether the line is open, and what stands in it at first. */
let text: string | null = null;
const listeners = new Set<() => void>();
const set = (next: string | null): void => {
  text = next;
  for (const listener of listeners) listener();
};

export const openQuickAdd = (start = ''): void => set(start);
export const closeQuickAdd = (): void => set(null);
export const useQuickAdd = (): string | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => text,
    () => null,
  );
