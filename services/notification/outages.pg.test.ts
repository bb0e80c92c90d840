import { type Database, openPool } from '@taskmaster/runtime/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/fresh-database.ts';
import { createPulse, lateReason, type Outage } from './outages.ts';

const ROLE = 'taskmaster_notification_background';

let fresh: FreshDatabase;
let database: Database<'notification'>;
let owner: pg.Client;
beforeAll(async () => {
  fresh = await freshDatabase();
  owner = new pg.Client(fresh.connection);
  await owner.connect();
  database = openPool({
    connection: fresh.connection,
    schema: 'notification',
    role: ROLE,
    size: 2,
    onError: () => undefined,
  });
});
afterAll(async () => {
  await database.close();
  await owner.end();
  await fresh.drop();
});

const sinceTheLastNote = (minutes: number) =>
  owner.query('update notification.pulse set at = now() - make_interval(mins => $1)', [minutes]);
const outages = async () => (await owner.query<Outage>('select reason from notification.outage order by id')).rows;
const reasons = async () => (await outages()).map(({ reason }) => reason);

describe('a gap between two signs of life', () => {
  it('is blamed on what it came from', async () => {
    await createPulse({ background: database.transact })();
    expect(await reasons()).toEqual([]);

    await sinceTheLastNote(3);
    const note = createPulse({ background: database.transact });
    await note();
    expect(await reasons()).toEqual(['down']);

    await sinceTheLastNote(2);
    await note();
    expect(await reasons()).toEqual(['down', 'asleep']);

    await owner.query(`revoke insert, update on notification.pulse from ${ROLE}`);
    await expect(note()).rejects.toThrow('permission denied');
    await owner.query(`grant insert, update on notification.pulse to ${ROLE}`);
    await sinceTheLastNote(1);
    await note();
    expect(await reasons()).toEqual(['down', 'asleep', 'database']);

    await note();
    expect(await reasons()).toHaveLength(3);
  });
});

describe('the reason of a late one', () => {
  it('names what happened, from when to when, in the zone of its reader', () => {
    const outage = (reason: Outage['reason']): Outage[] => [
      { reason, from_at: '2026-11-21T08:00:00.000Z', to_at: '2026-11-21T08:30:00.000Z' },
    ];
    const say = (found: Outage[]) =>
      lateReason('2026-11-21T08:10:00.000Z', '2026-11-21T08:30:00.000Z', found, 'Europe/Berlin');
    expect(say(outage('down'))).toBe('20 min late: the server was down from 09:00 to 09:30.');
    expect(say(outage('asleep'))).toBe('20 min late: the server’s machine was asleep from 09:00 to 09:30.');
    expect(say(outage('database'))).toBe(
      '20 min late: the server could not write to its database from 09:00 to 09:30.',
    );
    expect(say([])).toBe('20 min late: the server had more to do than it could.');
  });
});
