import { useSyncExternalStore } from 'react';

/** Whether what the person was told stands open. */
let isOpen = false;
const listeners = new Set<() => void>();

export function setTold(open: boolean): void {
  isOpen = open;
  for (const listener of listeners) listener();
}
export const useToldOpen = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => isOpen,
    () => false,
  );
