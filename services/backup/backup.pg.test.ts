import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { callAt, type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';
import { backup } from './backup.ts';
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
    const stop = new AbortController();
    const load = secondsOf(ann, async () => undefined, stop.signal);
    await until(async () => (await ann.call('GET', '/api/tasks?q=meanwhile')).json.items.length > 5, 'the load');
    const taken = await backup({ connection: services.connection, file, version: 'test', secret: SECRET });
    stop.abort();
    await load;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(file).size).toBe(taken.bytes);

    const connection = await emptyDatabase();
    const restored = await restore({ connection, file, secret: undefined });
    expect(restored).toMatchObject({ at: taken.at, rows: taken.rows, secret: SECRET });
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
      const refusal = await restore({ connection, file: other, secret: undefined }).catch((error) => error);
      expect([what, refusal]).toEqual([what, expect.any(RestoreRefusal)]);
    }
    const schemas = Object.keys(ROLES).map((name) => `'${name}'`);
    expect(await sql(connection.database, `select nspname from pg_namespace where nspname in (${schemas})`)).toEqual(
      [],
    );
  });

  it('does not go into a database that holds something', async () => {
    await expect(restore({ connection: services.connection, file, secret: undefined })).rejects.toThrow(RestoreRefusal);
    expect((await ann.call('GET', '/api/tasks')).status).toBe(200);
  });
});
