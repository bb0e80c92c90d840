import type { Op } from '@taskmaster/domain/commands/world';
import { useSyncExternalStore } from 'react';
import type { BellState, News } from './bell.ts';
import type { OpenDevice } from './open-device.ts';
import type { Person, Screen } from './screen.ts';

let open: OpenDevice | undefined;
let person: Person | undefined;
let screen: Screen | undefined;
const listeners = new Set<() => void>();
let bell: BellState | undefined;
const newsListeners = new Set<(news: readonly News[]) => void>();

function refresh(): void {
  screen = open && person ? open.screen(person) : undefined;
  bell = open?.bell.state;
  for (const listener of listeners) listener();
}

/** Opens this person's device; what was open before is closed. The page at the door does without all that it needs. */
export async function openDevice(who: Person): Promise<void> {
  const isSame = person?.user_id === who.user_id;
  person = who;
  if (isSame) return open && refresh();
  open?.client.stop();
  open?.bell.stop();
  open = undefined;
  const { openDeviceOf } = await import('./open-device.ts').catch((error) => {
    // Not fetched: nothing is open, and the next attempt is a first one.
    if (person === who) person = undefined;
    throw error;
  });
  if (person !== who && person?.user_id !== who.user_id) return;
  const made = openDeviceOf(who, {
    changed: () => open === made && refresh(),
    rang: () => open === made && ring(),
    fresh: (news) => {
      for (const listener of newsListeners) listener(news);
    },
  });
  open = made;
  refresh();
  await made.client.start();
}

/** Takes everything of this person off the device; `sparing` leaves edits that were never sent for when they come back. */
export async function wipeDevice(sparing = false): Promise<void> {
  const gone = open;
  open = undefined;
  person = undefined;
  refresh();
  gone?.bell.destroy();
  await gone?.client.destroy(sparing);
}

export const resumeSync = (): void => open?.client.resume();
export function dismissBlocked(op: string): void {
  void open?.client.dismiss(op);
}

/** One act of this person. It is on the screen when this returns, and on disk when the promise resolves. */
export async function edit(...ops: Op[]): Promise<void> {
  if (ops.length > 0) await open?.client.edit(ops);
}

function ring(): void {
  bell = open?.bell.state;
  for (const listener of listeners) listener();
}
export const markRead = (...ids: string[]): void => open?.bell.markRead(ids);
export const markAllRead = (): void => void open?.bell.markAllRead();
/** Hears of each thing that the person is told while this page is open. */
export function onNews(listener: (news: readonly News[]) => void): () => void {
  newsListeners.add(listener);
  return () => newsListeners.delete(listener);
}

/** The clock moved on: another minute, another day. */
export const tick = (): void => refresh();

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Undefined while nobody is signed in here. */
export const useScreenIfAny = (): Screen | undefined =>
  useSyncExternalStore(
    subscribe,
    () => screen,
    () => undefined,
  );

export function useScreen(): Screen {
  const now = useScreenIfAny();
  if (!now) throw new Error('No device is open.');
  return now;
}

/** Undefined while nobody is signed in here. */
export const useBell = (): BellState | undefined =>
  useSyncExternalStore(
    subscribe,
    () => bell,
    () => undefined,
  );

/** For acts that need the latest state, outside of rendering. */
export const currentScreen = (): Screen | undefined => screen;
