import { useSyncExternalStore } from 'react';

export interface QuickAddStart {
  text: string;
  /** Where what is added stands for something else, that can then go. */
  onAdded?: (() => void) | undefined;
}

/** Whether the line is open, and what stands in it at first. */
let start: QuickAddStart | null = null;
const listeners = new Set<() => void>();
const set = (next: QuickAddStart | null): void => {
  start = next;
  for (const listener of listeners) listener();
};

export const openQuickAdd = (text = '', onAdded?: () => void): void => set({ text, onAdded });
export const closeQuickAdd = (): void => set(null);
export const useQuickAdd = (): QuickAddStart | null =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => start,
    () => null,
  );

/** What was typed and not added when the line closed. It is one person's: for anybody else there is none. */
let draft: { user_id: string; text: string } | null = null;

export const draftOf = (user_id: string): string => (draft?.user_id === user_id ? draft.text : '');
export function keepDraft(user_id: string, text: string): void {
  draft = text.trim() === '' ? null : { user_id, text };
}
