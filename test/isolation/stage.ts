import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, type Logger } from '@taskmaster/runtime/telemetry';
import { backup } from '@taskmaster/services/backup/backup';
import { startNightly } from '@taskmaster/services/backup/nightly';
import pg from 'pg';
import { vi } from 'vitest';
import { freshDatabase } from '../support/fresh-database.ts';
import { callAt, type Person, type RunningServices, runServices, until } from '../support/running-services.ts';
import { ownThings, type Role } from './differential.ts';
import { type Estate, estateOf, type Holdings, holdings, settled } from './estate.ts';

/** Everything running, somebody with a rich life in it, and somebody else. */
export interface Stage {
  services: RunningServices;
  owner: pg.Client;
  admin: Person;
  other: Person;
  estate: Estate;
  holdings: Holdings;
  end(): Promise<void>;
}

export async function stage(log: Logger = createLogger('silent')): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'taskmaster-isolation-'));
  const database = await freshDatabase();
  const { connection } = database;
  const make = (file: string) =>
    backup({
      connection,
      file,
      version: 'test',
      secret: 'a secret of at least thirty-two characters',
      keep_secret: false,
    });
  const backups = startNightly({ folder, keep: 1, make, log });
  const services = await runServices({}, log, connection, { backups });
  const owner = new pg.Client(connection);
  await owner.connect();
  const admin = await services.person('admin');
  const estate = await estateOf(services, owner);
  const other = await services.person('other');
  await ownThings('other', other);
  await settled(admin);
  const looking = await holdings(owner);
  // What somebody else has as well (the actors of the house) is nobody's.
  const others = new Set([...(await looking.idsOf(other)), ...(await looking.idsOf(admin))]);
  estate.all = new Set([...(await looking.idsOf(estate.person))].filter((id) => !others.has(id)));
  return {
    services,
    owner,
    admin,
    other,
    estate,
    holdings: looking,
    async end() {
      await owner.end();
      await services.stop();
      await backups.stop();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A JWT whose end has come: it was asked for when the clock stood twenty minutes earlier. */
export async function expired(services: RunningServices, person: Person): Promise<string> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 20 * 60_000 });
  try {
    const headers = { cookie: person.cookie, origin: services.url };
    return (await callAt(services.url, 'GET', '/api/auth/token', undefined, headers)).json.token;
  } finally {
    vi.useRealTimers();
  }
}

async function signedOut(services: RunningServices): Promise<Person> {
  const person = await services.person('gone');
  const headers = { cookie: person.cookie, origin: services.url };
  await callAt(services.url, 'POST', '/api/auth/sign-out', {}, headers);
  await until(async () => (await person.call('GET', '/api/me')).status === 401, 'the session has ended');
  return person;
}

export async function rolesOf({ services, admin, other, estate }: Stage): Promise<Role[]> {
  const scopes = ['tasks:read', 'projects:read', 'notifications:read', 'audit:read'];
  const { token } = (await other.call('POST', '/api/tokens', { name: 'reads', scopes })).json;
  const left = await signedOut(services);
  const her = estate.person;
  return [
    { name: 'other', headers: bearer(other.token), self: other.id },
    { name: 'admin', headers: bearer(admin.token), self: admin.id, runs: true },
    { name: 'reading token', headers: bearer(token), self: other.id, reads: true },
    { name: 'anonymous', headers: {}, self: other.id, always: 401 },
    { name: 'expired', headers: bearer(await expired(services, other)), self: other.id, always: 401, brief: true },
    { name: 'signed out', headers: bearer(left.token), self: left.id, always: 401, brief: true },
    {
      name: 'her session, expired',
      headers: bearer(await expired(services, her)),
      self: her.id,
      always: 401,
      brief: true,
    },
    { name: 'her reading token', headers: bearer(estate.reading), self: her.id, reads: true, only: 'writes' },
  ];
}
