import type { Op } from '@taskmaster/domain/commands/world';
import { useSyncExternalStore } from 'react';
import type { OpenDevice } from './open-device.ts';
import type { Person, Screen } from './screen.ts';

let open: OpenDevice | undefined;
let person: Person | undefined;
let screen: Screen | undefined;
const listeners = new Set<() => void>();

function refresh(): void {
  screen = open && person ? open.screen(person) : undefined;
  for (const listener of listeners) listener();
}

/** Opens this person's device; what was open before is closed. The page at the door does without all that it needs. */
export async function openDevice(who: Person): Promise<void> {
  const isSame = person?.user_id === who.user_id;
  person = who;
  if (isSame) return open && refresh();
  open?.client.stop();
  open = undefined;
  const { openDeviceOf } = await import('./open-device.ts');
  if (person !== who && person?.user_id !== who.user_id) return;
  const made = openDeviceOf(who, () => open === made && refresh());
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

/** For acts that need the latest state, outside of rendering. */
export const currentScreen = (): Screen | undefined => screen;
