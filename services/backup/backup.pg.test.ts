import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { migrate } from '@taskmaster/db/migrate';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { callAt, type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';
import { urlOf } from '../../test/support/separate-services.ts';
import { readConfig } from '../config.ts';
import { holdBesideOthers } from '../hold-alone.ts';
import { newEpochAlone } from '../single.ts';
import { type BackupOptions, backup } from './backup.ts';
import { startNightly } from './nightly.ts';
import { RestoreRefusal, restore } from './restore.ts';
import { ROLES } from './tables.ts';

const SECRET = 'a secret of at least thirty-two characters';
const folder = mkdtempSync(join(tmpdir(), 'taskmaster-backup-'));
const file = join(folder, 'one.tmbackup');
const empty: string[] = [];
let services: RunningServices;
let ann: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
});
afterAll(async () => {
  await services.stop();
  for (const name of empty) await sql('postgres', `drop database if exists ${name} with (force)`);
  rmSync(folder, { recursive: true });
});

async function sql(database: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ ...inject('postgres').connection, database });
  await client.connect();
  return client
    .query(text)
    .then(({ rows }) => rows)
    .finally(() => client.end());
}
async function emptyDatabase() {
  const name = `empty_${randomBytes(6).toString('hex')}`;
  await sql('postgres', `create database ${name}`);
  empty.push(name);
  return { ...inject('postgres').connection, database: name };
}
const secondsOf = (who: Person, work: () => Promise<unknown>, signal: AbortSignal) =>
  (async () => {
    for (let n = 0; !signal.aborted; n++) {
      await who.call('POST', '/api/tasks', { title: `written meanwhile ${n}`, tags: ['busy'] });
      await work();
    }
  })();

const keepSecret = () => undefined;
let ofHere: Omit<BackupOptions, 'file'>;

describe('a backup', () => {
  it('taken under load is of one moment, and put back it is that moment: every row, every chain', async () => {
    const odd = 'Odd: tab\t quote " back\\slash \\. and a line separator \u2028 end';
    const made = (
      await ann.call('POST', '/api/tasks', {
        title: odd,
        notes: 'first\nsecond',
        due_date: '2031-01-31',
        recurrence_pattern: 'monthly',
      })
    ).json;
    await ann.call('POST', `/api/tasks/${made.id}/complete`, {});
    ofHere = { connection: services.connection, version: 'test', secret: SECRET, keep_secret: true };
    const stop = new AbortController();
    const load = secondsOf(ann, async () => undefined, stop.signal);
    await until(async () => (await ann.call('GET', '/api/tasks?q=meanwhile')).json.items.length > 5, 'the load');
    const taken = await backup({ ...ofHere, file });
    stop.abort();
    await load;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).size).toBe(taken.bytes);

    const connection = await emptyDatabase();
    const kept: string[] = [];
    const keepSecret = (secret: string) => void kept.push(secret);
    expect(await restore({ connection, file, secret: undefined, keepSecret })).toEqual({
      at: taken.at,
      rows: taken.rows,
    });
    expect(kept).toEqual([SECRET]);
    const counted = JSON.parse(gunzipSync(readFileSync(file)).toString().trim().split('\n').at(-1) ?? '').end
      .rows as Record<string, number>;
    for (const [table, rows] of Object.entries(counted)) {
      const [found] = await sql(connection.database, `select count(*)::int as n from ${table}`);
      // The restore itself is witnessed: one event waits for the audit log.
      expect([table, found?.n]).toEqual([
        table,
        table === 'tasks.outbox' ? rows + 1 : table.endsWith('.inbox') ? 0 : rows,
      ]);
    }

    const again = await runServices({}, createLogger('silent'), connection);
    try {
      const call: Person['call'] = (method, path, body) =>
        callAt(again.url, method, path, body, { authorization: `Bearer ${ann.token}` });
      expect((await call('GET', `/api/tasks/${made.id}`)).json.title).toBe(odd);
      const { head, epoch } = (await call('GET', `/api/workspaces/${ann.workspace}/changes?since=0&limit=1`)).json;
      const verdict = await until(async () => {
        const { json } = await call('GET', '/api/audit-logs/verify');
        return json.chains.some((one: { seq: number }) => one.seq === head) && json;
      }, 'the chain caught up');
      expect(verdict.broken_at).toBeUndefined();
      // A device that was ahead: its cursor is of another history, its edits are taken.
      const before = (await ann.call('GET', `/api/workspaces/${ann.workspace}/changes?since=0&limit=1`)).json;
      expect(before.epoch).not.toBe(epoch);
      expect(
        (await call('GET', `/api/workspaces/${ann.workspace}/changes?since=${before.head}&epoch=${before.epoch}`))
          .status,
      ).toBe(410);
      const op = { op: v7(), n: 1, kind: 'create', entity: 'task', id: v7(), patch: { title: 'written while ahead' } };
      const pushed = await call('POST', `/api/workspaces/${ann.workspace}/ops`, {
        client_id: randomUUID(),
        schema: 1,
        ops: [op],
      });
      expect(pushed.json.results[0].status).toBe('ok');
      expect((await call('POST', `/api/tasks/${made.id}/reopen`, {})).status).toBe(200);
    } finally {
      await again.stop();
    }
  });

  it('that is cut, changed, of a newer program, or no backup is refused, and changes nothing', async () => {
    const connection = await emptyDatabase();
    const text = gunzipSync(readFileSync(file)).toString();
    const attempts: [string, Buffer][] = [
      ['cut', readFileSync(file).subarray(0, 5_000)],
      ['without its end', gzipSync(text.slice(0, text.lastIndexOf('{"end"')))],
      ['with another word', gzipSync(text.replace('Odd: tab', 'Odd: bat'))],
      ['without a row', gzipSync(text.replace(/[^\n]*Odd: tab[^\n]*\n/, ''))],
      ['of a newer program', gzipSync(text.replace(/"migrations":\[/, '"migrations":["9999_later",'))],
      ['no backup', Buffer.from('hello')],
    ];
    for (const [what, bytes] of attempts) {
      const other = join(folder, 'other.tmbackup');
      writeFileSync(other, bytes);
      const refusal = await restore({ connection, file: other, secret: undefined, keepSecret }).catch((error) => error);
      expect([what, refusal]).toEqual([what, expect.any(RestoreRefusal)]);
    }
    const schemas = Object.keys(ROLES).map((name) => `'${name}'`);
    expect(await sql(connection.database, `select nspname from pg_namespace where nspname in (${schemas})`)).toEqual(
      [],
    );
  });

  it('does not go into a database that holds something', async () => {
    await expect(restore({ connection: services.connection, file, secret: undefined, keepSecret })).rejects.toThrow(
      RestoreRefusal,
    );
    expect((await ann.call('GET', '/api/tasks')).status).toBe(200);
  });

  it('signs everybody out where its secret is another or not known, and nobody where it is the same', async () => {
    const outside = join(folder, 'outside.tmbackup');
    await backup({ ...ofHere, keep_secret: false, file: outside });
    const sessionsAfter = async (from: string, secret: string | undefined) => {
      const connection = await emptyDatabase();
      await restore({ connection, file: from, secret, keepSecret });
      const [counted] = await sql(
        connection.database,
        'select (select count(*)::int from auth.session) as sessions, (select count(*)::int from auth.jwks) as keys',
      );
      return [Number(counted?.sessions) > 0, Number(counted?.keys) > 0];
    };
    expect(await sessionsAfter(file, SECRET)).toEqual([true, true]);
    expect(await sessionsAfter(outside, SECRET)).toEqual([true, true]);
    expect(await sessionsAfter(outside, undefined)).toEqual([false, false]);
    expect(await sessionsAfter(file, 'another secret of thirty-two letters')).toEqual([false, false]);
  });
});

describe('a database that was put back by its own means', () => {
  it('begins a new epoch: what is on its way from the time that was lost changes nothing, a device that was ahead notices', async () => {
    const connection = await emptyDatabase();
    await migrate(connection);
    const before = await runServices({}, createLogger('silent'), connection);
    const bob = await before.person('bob');
    await bob.call('POST', '/api/tasks', { title: 'kept' });
    await before.stop();
    const earlier = `${connection.database}_earlier`;
    empty.push(earlier);
    await sql('postgres', `create database ${earlier} template ${connection.database}`);

    const lost = await runServices({}, createLogger('silent'), connection);
    const from = (await callAs(lost, bob, 'GET', changesOf(bob, 0))).json.head + 1;
    for (const title of ['lost', 'lost too']) await callAs(lost, bob, 'POST', '/api/tasks', { title });
    const ahead = (await callAs(lost, bob, 'GET', changesOf(bob, 0))).json;
    const { events } = await lost.api.ask('events', { workspace_id: bob.workspace, from, to: ahead.head });
    await lost.stop();
    expect(events).toHaveLength(2);

    const there = { ...connection, database: earlier };
    const config = readConfig({ DATABASE_URL: urlOf(there), DATA_DIR: folder });
    const running = await holdBesideOthers(there, createLogger('silent'));
    await expect(newEpochAlone(config, () => undefined)).rejects.toThrow('Another TaskMaster is running');
    await running.release();
    expect((await newEpochAlone(config, () => undefined)).workspaces).toBeGreaterThan(0);

    // As a broker that still has them.
    for (const event of events)
      await sql(
        earlier,
        `insert into tasks.outbox (id, topic, workspace_id, event)
         values ('${event.id}', 'task-events', '${bob.workspace}', '${JSON.stringify(event)}')`,
      );
    const after = await runServices({}, createLogger('silent'), there);
    try {
      await until(
        async () => (await sql(earlier, 'select from tasks.outbox where published_at is null')).length === 0,
        'what the broker still has',
      );
      const made: string[] = [];
      for (const title of ['made now', 'made now too'])
        made.push((await callAs(after, bob, 'POST', '/api/tasks', { title })).json.id);
      const witnessed = async () =>
        (
          await sql(
            earlier,
            `select resource_id from audit.audit_logs where workspace_id = '${bob.workspace}' and sequence >= ${from} order by sequence`,
          )
        ).map((row) => row.resource_id);
      expect(await until(async () => (await witnessed()).length >= 2 && (await witnessed()), 'two entries')).toEqual(
        made,
      );
      expect((await callAs(after, bob, 'GET', changesOf(bob, ahead.head, ahead.epoch))).status).toBe(410);
      const told = async () => sql(earlier, `select from audit.audit_logs where action = 'restored'`);
      await until(async () => (await told()).length === 1, 'what the operator did, in the audit log');
    } finally {
      await after.stop();
    }
  });
});

const changesOf = (who: Person, since: number, epoch?: string) =>
  `/api/workspaces/${who.workspace}/changes?since=${since}&limit=1${epoch ? `&epoch=${epoch}` : ''}`;
const callAs = (where: RunningServices, who: Person, method: string, path: string, body?: object) =>
  callAt(where.url, method, path, body, { authorization: `Bearer ${who.token}` });

describe('the nightly backups', () => {
  it('are kept by number; what somebody asked for stays, what a crash broke off goes', async () => {
    const nights = join(folder, 'nights');
    mkdirSync(nights);
    for (const day of ['01', '02', '03'])
      writeFileSync(join(nights, `taskmaster-2020-01-${day}T030000Z.tmbackup`), 'x');
    writeFileSync(join(nights, 'taskmaster-2019-12-31T030000Z-asked.tmbackup'), 'x');
    writeFileSync(join(nights, 'taskmaster-2099-01-01T030000Z.tmbackup'), 'x');
    writeFileSync(join(nights, 'taskmaster-2020-01-04T030000Z.tmbackup.unfinished'), 'x');
    const nightly = startNightly({
      folder: nights,
      keep: 2,
      make: async (made) => {
        writeFileSync(made, 'x');
        return { file: made, at: '', rows: 0, bytes: 1 };
      },
      log: createLogger('silent'),
    });
    expect(await nightly.state()).toMatch(/^overdue: the last is \d+ days old$/);
    const { file: asked } = await nightly.make();
    expect(await nightly.state()).toBe('the last was made within the hour');
    await nightly.stop();
    expect(asked).toMatch(/-asked\.tmbackup$/);
    expect(readdirSync(nights).sort()).toEqual(
      [
        'taskmaster-2019-12-31T030000Z-asked.tmbackup',
        'taskmaster-2099-01-01T030000Z.tmbackup',
        'taskmaster-2020-01-02T030000Z.tmbackup',
        'taskmaster-2020-01-03T030000Z.tmbackup',
        basename(asked),
      ].sort(),
    );
  });
});
