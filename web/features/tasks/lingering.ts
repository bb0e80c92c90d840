import type { Task } from '@taskmaster/domain/task';
import { useSyncExternalStore } from 'react';

const STAYS_MS = 1_600;

/** Tasks just completed here: their row stays where it was for a moment. */
let lingering: ReadonlySet<string> = new Set();
const none: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function set(next: ReadonlySet<string>): void {
  lingering = next;
  for (const listener of listeners) listener();
}

export function linger(task: Task): void {
  set(new Set([...lingering, task.id]));
  setTimeout(() => lingerNoMore(task.id), STAYS_MS);
}

export function lingerNoMore(id: string): void {
  if (lingering.has(id)) set(new Set([...lingering].filter((one) => one !== id)));
}

export const useLingering = (): ReadonlySet<string> =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => lingering,
    () => none,
  );
