import { defaultSettings } from '@taskmaster/domain/commands/settings';
import { Bell, type News } from './bell.ts';
import { openCache } from './cache.ts';
import { SyncClient } from './client.ts';
import { openOutbox } from './outbox.ts';
import type { Person, Screen } from './screen.ts';
import { createTransport } from './transport.ts';
import { View } from './view.ts';

export interface OpenDevice {
  client: SyncClient;
  bell: Bell;
  /** What is to be shown now. */
  screen(person: Person): Screen;
}

/** A person's device: its databases, its line to the server, and the view of both. `changed` is called whenever that is another. */
export function openDeviceOf(
  { user_id, workspace_id }: Person,
  on: { changed(): void; rang(): void; fresh(news: readonly News[]): void },
): OpenDevice {
  const { changed } = on;
  const bell = new Bell({ user_id, changed: on.rang, fresh: on.fresh });
  const client = new SyncClient({
    user_id,
    workspace_id,
    outbox: openOutbox(user_id),
    cache: openCache(user_id, workspace_id),
    transport: createTransport(workspace_id),
    changed,
    bell,
  });
  return { client, bell, screen: (person) => screenOf(client, person) };
}

function screenOf({ device, status, arrived }: SyncClient, person: Person): Screen {
  const { user_id, workspace_id } = person;
  const outside = device.outside();
  const source = {
    rows: device.rows,
    awaited: device.awaited,
    outside,
    workspace_id,
    user_id,
    now: new Date().toISOString(),
  };
  const time_zone = device.rows.get('user', user_id)?.settings.time_zone ?? person.settings.time_zone;
  let view = new View({ ...source, time_zone });
  const user = view.get('user', user_id);
  // A zone that is chosen here and not yet on the server counts at once.
  if (user && user.settings.time_zone !== time_zone) view = new View({ ...source, time_zone: user.settings.time_zone });
  return {
    person: user ? { ...person, name: user.name, email: user.email } : person,
    settings: { ...defaultSettings, ...person.settings, ...user?.settings },
    view,
    loaded: device.cursor !== null,
    status,
    pending: outside,
    blocked: device.blocked,
    arrived,
    seq: device.cursor?.seq ?? 0,
    head: device.head,
    ...view.wallClock,
  };
}
