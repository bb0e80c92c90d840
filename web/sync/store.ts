import { defaultSettings } from '@taskmaster/domain/commands/settings';
import type { Op } from '@taskmaster/domain/commands/world';
import type { Settings } from '@taskmaster/domain/task';
import { useSyncExternalStore } from 'react';
import { openCache } from './cache.ts';
import { SyncClient, type SyncStatus } from './client.ts';
import type { BlockedOp, PendingOp } from './device.ts';
import { openOutbox } from './outbox.ts';
import { createTransport } from './transport.ts';
import { View } from './view.ts';

/** Who this device belongs to while signed in; kept so that the page opens without the server. */
export interface Person {
  user_id: string;
  workspace_id: string;
  name: string;
  email: string;
  settings: Settings;
}

/** All that the page shows at one moment. */
export interface Screen {
  person: Person;
  settings: Settings;
  view: View;
  /** False until this device has had the server's state once. */
  loaded: boolean;
  status: SyncStatus;
  pending: readonly PendingOp[];
  blocked: readonly BlockedOp[];
  seq: number;
  head: number;
  /** On the wall clock of the person. */
  today: string;
  time: string;
}

let client: SyncClient | undefined;
let person: Person | undefined;
let screen: Screen | undefined;
const listeners = new Set<() => void>();

function refresh(): void {
  if (!client || !person) screen = undefined;
  else {
    const { device, status } = client;
    const now = new Date().toISOString();
    const source = {
      rows: device.rows,
      awaited: device.awaited,
      outside: device.outside(),
      workspace_id: person.workspace_id,
      user_id: person.user_id,
      now,
    };
    const zone = device.rows.get('user', person.user_id)?.settings.time_zone ?? person.settings.time_zone;
    let view = new View({ ...source, time_zone: zone });
    const user = view.get('user', person.user_id);
    if (user && user.settings.time_zone !== zone) view = new View({ ...source, time_zone: user.settings.time_zone });
    const settings = { ...defaultSettings, ...person.settings, ...user?.settings };
    screen = {
      person: user ? { ...person, name: user.name } : person,
      settings,
      view,
      loaded: device.cursor !== null,
      status,
      pending: source.outside,
      blocked: device.blocked,
      seq: device.cursor?.seq ?? 0,
      head: device.head,
      ...view.wallClock,
    };
  }
  for (const listener of listeners) listener();
}

/** Opens this person's device; what was open before is closed. */
export function openDevice(who: Person): void {
  if (person?.user_id === who.user_id && client) {
    person = who;
    return refresh();
  }
  client?.stop();
  person = who;
  client = new SyncClient({
    user_id: who.user_id,
    workspace_id: who.workspace_id,
    outbox: openOutbox(who.user_id),
    cache: openCache(who.user_id, who.workspace_id),
    transport: createTransport(who.workspace_id),
    changed: refresh,
  });
  refresh();
  void client.start();
}

/** Takes everything of this person off the device. */
export async function wipeDevice(): Promise<void> {
  const gone = client;
  client = undefined;
  person = undefined;
  refresh();
  await gone?.destroy();
}

export const resumeSync = (): void => client?.resume();
export const dismissBlocked = (op: string): void => void client?.dismiss(op);

/** One act of this person. It is on the screen when this returns, and on disk when the promise resolves. */
export async function edit(...ops: Op[]): Promise<void> {
  if (ops.length > 0) await client?.edit(ops);
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
