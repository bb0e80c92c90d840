import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  canonical,
  chainOfUser,
  hashBefore,
  hashOfLine,
  isSigned,
  nextHash,
  openPayload,
  toHex,
} from '@taskmaster/contracts/audit/chain';
import type { AuditLine, ExportSeal } from '@taskmaster/contracts/audit/entry';
import { verifyExport } from '@taskmaster/contracts/audit/verify-export';
import { actEvent } from '@taskmaster/contracts/events/act';
import { openPool } from '@taskmaster/runtime/database';
import { createLogger } from '@taskmaster/runtime/telemetry';
import pg from 'pg';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  callAt,
  cookieOf,
  type Person,
  type RunningServices,
  runServices,
  until,
} from '../../test/support/running-services.ts';
import { witness } from './append.ts';
import { createSigner, makeCheckpoint } from './checkpoints.ts';
import { createQueries } from './queries.ts';
import { forgetOld } from './retention.ts';
import { createKeys } from './seal.ts';

let services: RunningServices;
let admin: Person;
let ann: Person;
let bob: Person;
let owner: pg.Client;
/** As the service itself in its background. */
let background: ReturnType<typeof openPool<'audit'>>['transact'];
let close: () => Promise<void>;
beforeAll(async () => {
  services = await runServices();
  admin = await services.person('admin');
  ann = await services.person('ann');
  bob = await services.person('bob');
  owner = new pg.Client(services.connection);
  await owner.connect();
  const pool = openPool<'audit'>({
    connection: services.connection,
    schema: 'audit',
    role: 'taskmaster_audit_background',
    size: 2,
    onError: () => undefined,
  });
  background = pool.transact;
  close = pool.close;
});
afterAll(async () => {
  await close();
  await owner.end();
  await services.stop();
});

const entries = async (who: Person, query = '') => (await who.call('GET', `/api/audit-logs${query}`)).json.items;
const emailOf = async (who: Person): Promise<string> =>
  (await owner.query('select email from auth."user" where id = $1', [who.id])).rows[0].email;
const witnessed = async (who: Person): Promise<void> => {
  const { head } = (await who.call('GET', `/api/workspaces/${who.workspace}/changes?since=0&limit=1`)).json;
  await until(async () => {
    const { chains } = (await who.call('GET', '/api/audit-logs/verify')).json;
    return chains.some(
      (one: { chain: string; seq: number }) => one.chain === `workspace:${who.workspace}` && one.seq === head,
    );
  }, `entry ${head}`);
};
const wholeExport = async (who: Person): Promise<string[]> =>
  (await who.call('GET', '/api/audit-logs/export')).text.trim().split('\n');
/** The chain of their workspace; beside it there is that of their own acts. */
const exported = async (who: Person): Promise<AuditLine[]> =>
  (await wholeExport(who))
    .slice(1)
    .map((line): AuditLine => JSON.parse(line))
    .filter((line) => line.chain.startsWith('workspace:'));
const checkpointLines = async (): Promise<string[]> =>
  (await owner.query<{ line: string }>('select line from audit.checkpoint order by id')).rows.map((row) => row.line);

describe('the audit log', () => {
  it('has each change once, in the order of its workspace, with what was before and after', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'first words' })).json;
    await ann.call('PATCH', `/api/tasks/${task.id}`, { title: 'second words' });
    await ann.call('POST', `/api/tasks/${task.id}/complete`, {});
    await witnessed(ann);
    const found = await entries(ann, `?task_id=${task.id}`);
    expect(found.map((entry: { action: string }) => entry.action)).toEqual(['completed', 'updated', 'created']);
    expect(found[1].payload.changed.title).toEqual(['first words', 'second words']);
    expect(found[1]).toMatchObject({ via: 'rest', causation_id: null, ip: null });
    expect(found[1]).toMatchObject({ user_id: ann.id, actor: { kind: 'user', id: ann.id }, resource_type: 'task' });
    const all = await entries(ann, '?limit=200');
    expect(new Set(all.map((entry: { event_id: string }) => entry.event_id)).size).toBe(all.length);
    const numbers = all.flatMap((entry: { sequence: number | null }) => entry.sequence ?? []);
    expect(numbers).toEqual(numbers.map((_: unknown, index: number) => numbers.length - index));
  });

  it('is filtered by time, type and person, and paged', async () => {
    const all = await entries(ann, '?limit=200');
    expect(await entries(ann, '?event_type=com.todo.task.completed')).toHaveLength(1);
    expect(await entries(ann, `?user_id=${ann.id}&limit=200`)).toHaveLength(all.length);
    expect(await entries(ann, `?end_date=${all.at(-1).timestamp}`)).toEqual([]);
    expect(await entries(ann, '?start_date=2020-01-01&limit=2&offset=1')).toEqual(all.slice(1, 3));
    expect((await ann.call('GET', '/api/audit-logs?start_date=yesterday')).status).toBe(422);
    expect((await ann.call('GET', `/api/${ann.id}/audit_logs?limit=200`)).json.items).toEqual(all);
    expect((await ann.call('GET', `/api/${bob.id}/audit_logs`)).status).toBe(403);
  });

  it('shows nobody anything of another’s; an administrator sees all', async () => {
    const task = (await ann.call('POST', '/api/tasks', { title: 'hers alone' })).json;
    await witnessed(ann);
    await bob.call('POST', '/api/tasks', { title: 'his' });
    await witnessed(bob);
    expect(await entries(bob, `?task_id=${task.id}`)).toEqual([]);
    expect(await entries(bob, `?user_id=${ann.id}`)).toEqual([]);
    expect((await bob.call('GET', '/api/audit-logs/export')).text).not.toContain(ann.workspace);
    expect((await bob.call('GET', '/api/audit-logs/verify')).text).not.toContain(ann.workspace);
    expect(await entries(admin, `?task_id=${task.id}`)).toHaveLength(1);
    const behind = new pg.Client({ ...services.connection, options: '-c role=taskmaster_audit' });
    await behind.connect();
    expect((await behind.query('select 1 from audit.audit_logs')).rows).toEqual([]);
    await behind.query(`select set_config('app.user_id', $1, false)`, [bob.id]);
    const seen = await behind.query('select distinct user_id from audit.audit_logs');
    await behind.end();
    expect(seen.rows).toEqual([{ user_id: bob.id }]);
  });

  it('has the acts that are no change: who came, who left, who was refused', async () => {
    const email = `acts-${Date.now()}@example.test`;
    const send = (path: string, body: object, headers = {}) =>
      callAt(services.url, 'POST', `/api/auth${path}`, body, { origin: services.url, ...headers });
    const up = await send('/sign-up/email', { name: 'Cleo', email, password: 'a-long-pass phrase 7' });
    const cookie = cookieOf(up);
    expect((await send('/sign-in/email', { email, password: 'not this one at all' })).status).toBe(401);
    expect((await send('/sign-out', {}, { cookie })).status).toBe(200);
    const acts = async (query: string) =>
      (await entries(admin, `?event_type=com.todo.audit.recorded&${query}`)).map(
        (one: { action: string }) => one.action,
      );
    await until(async () => (await acts(`user_id=${up.json.user.id}`)).length === 3, 'three acts');
    expect((await acts(`user_id=${up.json.user.id}`)).sort()).toEqual(['sign_in_failed', 'signed_out', 'signed_up']);

    const dora = await services.person('dora');
    const asDora = (path: string, body: object) => send(path, body, { cookie: dora.cookie });
    const changed = { currentPassword: 'a-long-pass phrase 7', newPassword: 'another long phrase 8' };
    expect((await asDora('/revoke-other-sessions', {})).status).toBe(200);
    expect((await asDora('/change-password', { ...changed, currentPassword: 'not this one' })).status).toBe(422);
    expect((await dora.call('GET', '/api/admin/status')).status).toBe(403);
    expect((await dora.call('GET', '/api/admin/status')).status).toBe(403);
    expect((await dora.call('GET', '/api/audit-logs/export')).status).toBe(200);
    expect((await asDora('/change-password', changed)).status).toBe(200);
    const { url } = (await admin.call('POST', '/api/admin/users/reset-password', { email: await emailOf(dora) })).json;
    const token = new URL(url).searchParams.get('token');
    expect((await send('/reset-password', { token, newPassword: 'a third long phrase 9' })).status).toBe(200);
    const hers = ['audit_log_exported', 'password_changed', 'password_reset', 'refused', 'sessions_ended', 'signed_up'];
    await until(async () => (await acts(`user_id=${dora.id}`)).length >= hers.length, 'her acts');
    expect((await acts(`user_id=${dora.id}`)).sort()).toEqual(hers);
    const [refused] = (await entries(admin, `?user_id=${dora.id}&limit=200`)).filter(
      (one: { action: string }) => one.action === 'refused',
    );
    expect(refused).toMatchObject({ payload: { detail: { method: 'GET', route: '/api/admin/status' } } });
    expect(refused.ip).toMatch(/127\.0\.0\.1|::1/);
    await until(
      async () => (await acts(`user_id=${up.json.user.id}`)).includes('sign_in_failed'),
      'the failed sign-in',
    );
    const tried = (await entries(admin, `?user_id=${up.json.user.id}`)).find(
      (one: { action: string }) => one.action === 'sign_in_failed',
    );
    expect(tried).toMatchObject({ actor: { kind: 'system', id: 'nobody known' }, payload: { detail: {} } });
    expect((await send('/sign-in/email', { email: `nobody-${email}`, password: 'not this one' })).status).toBe(401);
    await until(async () => {
      const all = await entries(admin, '?event_type=com.todo.audit.recorded');
      return all.some((one: { chain: string }) => one.chain === 'installation');
    }, 'the try at no account');
    const own = await entries(ann, '?event_type=com.todo.audit.recorded');
    expect(new Set(own.map((one: { user_id: string }) => one.user_id))).toEqual(new Set([ann.id]));
    const { rows } = await owner.query('select 1 from audit.audit_logs where stored like $1', [`%${email}%`]);
    expect(rows).toEqual([]);
  });

  it('keeps no plain word of a payload: what is stored is sealed for its person', async () => {
    await ann.call('POST', '/api/tasks', { title: 'Xylophone lessons' });
    await witnessed(ann);
    const { rows } = await owner.query(`select 1 from audit.audit_logs where stored ilike '%xylophone%'`);
    expect(rows).toEqual([]);
    const last = (await exported(ann)).at(-1) as AuditLine;
    expect(await openPayload(last)).toMatchObject({ after: { title: 'Xylophone lessons' } });
    const before = (await exported(ann)).at(-2) as AuditLine;
    await expect(openPayload({ ...before, ...(last.key ? { key: last.key } : {}) })).rejects.toThrow();
  });

  it('only grows, whoever asks', async () => {
    for (const text of [
      'update audit.audit_logs set seq = seq',
      'delete from audit.audit_logs',
      'truncate audit.audit_logs',
    ])
      await expect(owner.query(text)).rejects.toMatchObject({ code: '42501' });
    const service = new pg.Client({ ...services.connection, options: '-c role=taskmaster_audit_background' });
    await service.connect();
    await expect(service.query('delete from audit.audit_logs')).rejects.toMatchObject({ code: '42501' });
    await service.end();
  });
});

describe('an export', () => {
  it('verifies; and a flipped byte, a deleted, a swapped, an inserted row and a cut tail are each named', async () => {
    for (let n = 0; n < 6; n++) await ann.call('POST', '/api/tasks', { title: `evidence ${n}` });
    await witnessed(ann);
    await services.audit.checkpoint();
    const signed = await checkpointLines();
    const [sealed = '', ...rest] = await wholeExport(ann);
    const own = rest.filter((line) => line.includes('"chain":"user:'));
    const lines = await exported(ann);
    const { public_key } = (await ann.call('GET', '/api/audit-logs/verify')).json;
    const verdictOn = (changed: readonly AuditLine[], seal = sealed) =>
      verifyExport([seal, ...own, ...changed.map((line) => JSON.stringify(line))], signed, public_key);
    expect(await verdictOn(lines)).toEqual({
      entries: own.length + lines.length,
      chains: expect.arrayContaining([{ chain: `workspace:${ann.workspace}`, seq: lines.length }]),
      at: JSON.parse(sealed).at,
      public_keys: [public_key],
      checkpoints: signed.length,
    });
    const at = (index: number) => lines[index] as AuditLine;
    const why = async (changed: readonly AuditLine[], seal = sealed) => {
      const { broken_at } = await verdictOn(changed, seal);
      return [broken_at?.why, broken_at?.seq];
    };
    const flipped = { ...at(3), stored: at(3).stored.replace('"sealed":"', '"sealed":"0') };
    expect(await why(lines.with(3, flipped))).toEqual(['changed', 4]);
    expect(await why(lines.with(3, { ...at(3), key: at(4).key ?? '' }))).toEqual(['key', 4]);
    expect(await why(lines.toSpliced(3, 1))).toEqual(['missing', 4]);
    expect(await why(lines.with(3, { ...at(4), seq: 4 }).with(4, { ...at(3), seq: 5 }))).toEqual(['changed', 4]);
    expect(await why(lines.with(3, at(4)).with(4, at(3)))).toEqual(['missing', 4]);
    expect(await why(lines.toSpliced(3, 0, at(2)))).toEqual(['inserted', 3]);
    expect(await why([...lines, { ...at(2), seq: lines.length + 1 }])).toEqual(['inserted', lines.length + 1]);
    expect(await why(lines.slice(0, -1))).toEqual(['cut', lines.length]);
    expect(await why(lines.slice(2))).toEqual(['missing', 1]);
    expect(await why([])).toEqual(['cut', 1]);
    expect(await why(lines, own[0])).toEqual(['unsealed', 1]);

    // Nobody else can seal it anew.
    const said = JSON.parse(sealed) as ExportSeal;
    const chain = `workspace:${ann.workspace}`;
    const { [chain]: _gone, ...others } = said.chains;
    expect(await why([], JSON.stringify({ ...said, chains: others }))).toEqual(['signature', 1]);
    const { public_key: _key, signature: _signature, ...holding } = said;
    const forged = createSigner('another secret altogether').signed({ ...holding, chains: others });
    expect(await why([], JSON.stringify(forged))).toEqual(['signature', 1]);
    // Without knowing the key one learns whose it is, and a checkpoint that was kept still says what there was.
    const unkeyed = await verifyExport([JSON.stringify(forged), ...own], signed);
    expect(unkeyed.public_keys).toEqual(expect.arrayContaining([forged.public_key, public_key]));
  });

  it('of the whole place lacks no chain that a checkpoint signed', async () => {
    await services.audit.checkpoint();
    const [sealed = '', ...lines] = await wholeExport(admin);
    expect((await verifyExport([sealed, ...lines], await checkpointLines())).broken_at).toBeUndefined();
    const { public_key: _key, signature: _signature, ...holding } = JSON.parse(sealed) as ExportSeal;
    const chain = `workspace:${bob.workspace}`;
    const { [chain]: _gone, ...chains } = holding.chains;
    const without = createSigner('a secret of at least thirty-two characters').signed({ ...holding, chains });
    const kept = lines.filter((line) => !line.includes(`"chain":"${chain}"`));
    expect((await verifyExport([JSON.stringify(without), ...kept], await checkpointLines())).broken_at).toEqual({
      chain,
      seq: 1,
      why: 'cut',
    });
  });

  it('stays whole where later checkpoints have signed more', async () => {
    const before = await wholeExport(ann);
    await ann.call('POST', '/api/tasks', { title: 'after the export' });
    await witnessed(ann);
    await services.audit.checkpoint();
    expect((await verifyExport(before, await checkpointLines())).broken_at).toBeUndefined();
  });

  it('that was rewritten as a whole no longer meets its checkpoint', async () => {
    const lines = await exported(ann);
    const other = await exported(bob);
    const chain = `workspace:${ann.workspace}`;
    const rewritten = [...other.map((line) => ({ ...line, chain })), ...lines.slice(other.length)];
    let hash: Uint8Array = await hashBefore(chain);
    for (const line of rewritten) {
      hash = await nextHash(hash, line.stored);
      line.hash = toHex(hash);
    }
    // By whoever has the secret too: only what was kept elsewhere can say it.
    const seal = createSigner('a secret of at least thirty-two characters').signed({
      at: new Date().toISOString(),
      scope: 'person',
      chains: { [chain]: { from: [0, ''], head: [rewritten.length, toHex(hash)] } },
    });
    const file = [seal, ...rewritten].map((line) => JSON.stringify(line));
    expect((await verifyExport(file)).broken_at).toBeUndefined();
    const { broken_at } = await verifyExport(file, await checkpointLines());
    expect(broken_at).toMatchObject({ chain, why: 'rewritten' });
  });
});

describe('a checkpoint', () => {
  it('is signed, holds what moved, and follows the one before', async () => {
    await ann.call('POST', '/api/tasks', { title: 'one more' });
    await witnessed(ann);
    const line = (await services.audit.checkpoint()) ?? '';
    const checkpoint = JSON.parse(line);
    expect(await isSigned(checkpoint)).toBe(true);
    expect(await isSigned({ ...checkpoint, at: '2020-01-01T00:00:00.000Z' })).toBe(false);
    expect(Object.keys(checkpoint.heads)).toContain(`workspace:${ann.workspace}`);
    expect(Object.keys(checkpoint.heads)).not.toContain(`workspace:${bob.workspace}`);
    expect(checkpoint.previous).toMatch(/^[0-9a-f]{64}$/);
    expect(await services.audit.checkpoint()).toBeUndefined();
    const lines = await checkpointLines();
    const without = lines.toSpliced(lines.length - 2, 1);
    expect((await verifyExport(await wholeExport(ann), without)).broken_at).toMatchObject({
      chain: 'checkpoint',
      why: 'missing',
    });
  });

  it('is one of any number: they are read a page at a time, each behind the one before', async () => {
    const signer = createSigner('a secret of at least thirty-two characters');
    let before = (await checkpointLines()).at(-1) ?? '';
    for (let n = 0; n < 250; n++) {
      const at = new Date().toISOString();
      const line = canonical(signer.signed({ at, previous: await hashOfLine(before), heads: {} }));
      await owner.query('insert into audit.checkpoint (at, line) values ($1, $2)', [at, line]);
      before = line;
    }
    expect((await admin.call('GET', '/api/audit-logs/verify')).json.broken_at).toBeUndefined();
    expect((await verifyExport(await wholeExport(admin), await checkpointLines())).broken_at).toBeUndefined();
  });

  it('that a crash kept from the file comes into it with the next, and one cut short is written again', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'taskmaster-checkpoints-'));
    const file = path.join(folder, 'audit-checkpoints.jsonl');
    const options = {
      signer: createSigner('a secret of at least thirty-two characters'),
      file,
      log: createLogger('silent'),
    };
    try {
      await makeCheckpoint({ background }, options);
      expect(readFileSync(file, 'utf8')).toBe(`${(await checkpointLines()).join('\n')}\n`);
      await ann.call('POST', '/api/tasks', { title: 'signed, not filed' });
      await witnessed(ann);
      await services.audit.checkpoint();
      appendFileSync(file, '{"at":"20');
      await makeCheckpoint({ background }, options);
      expect(readFileSync(file, 'utf8')).toBe(`${(await checkpointLines()).join('\n')}\n`);
      appendFileSync(file, `{"at":"20${'0'.repeat(200_000)}`);
      await makeCheckpoint({ background }, options);
      const filed = readFileSync(file, 'utf8');
      expect(filed).toBe(`${(await checkpointLines()).join('\n')}\n`);

      // A database of before was restored: what it signs from then on follows, nothing comes twice.
      const lost = `{"at":"${new Date().toISOString()}","of":"a database that is no more"}\n`;
      appendFileSync(file, lost);
      const said: string[] = [];
      const log = createLogger('warn', { write: (line: string) => void said.push(line) });
      await makeCheckpoint({ background }, { ...options, log });
      expect(readFileSync(file, 'utf8')).toBe(filed + lost);
      expect(said.join()).toContain('does not know the last line');
      await ann.call('POST', '/api/tasks', { title: 'signed after the restoring' });
      await witnessed(ann);
      const next = await makeCheckpoint({ background }, { ...options, log });
      expect(readFileSync(file, 'utf8')).toBe(`${filed}${lost}${next}\n`);
      said.length = 0;
      await makeCheckpoint({ background }, { ...options, log });
      expect([readFileSync(file, 'utf8'), said]).toEqual([`${filed}${lost}${next}\n`, []]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('retention', () => {
  const silent = createLogger('silent');
  const forgetNow = (log = silent) => forgetOld({ background }, 90, log);
  const act = (who: string, daysAgo: number) => {
    const time = new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    const event = actEvent({ action: 'signed_in', who: { user_id: who }, via: 'rest' }, { id: uuid(), time });
    return background((tx) => witness(event, tx, createKeys(background)));
  };
  const left = async (who: string) =>
    (
      await owner.query('select seq::int from audit.audit_logs where chain = $1 order by seq', [chainOfUser(who)])
    ).rows.map((row) => row.seq);
  const beginsAt = async (who: string) =>
    (await owner.query('select base_seq::int from audit.chain where chain = $1', [chainOfUser(who)])).rows[0].base_seq;
  const behindTheTrigger = async (text: string, values: unknown[] = []) => {
    await owner.query('set session_replication_role = replica');
    await owner.query(text, values);
    await owner.query('set session_replication_role = origin');
  };
  const signedDaysAgo = async (days: number) => {
    await services.audit.checkpoint();
    await behindTheTrigger(
      `update audit.checkpoint set at = now() - $1 * interval '1 day' where id = (select max(id) from audit.checkpoint)`,
      [days],
    );
  };
  const hoursPass = () => behindTheTrigger(`update audit.chain set base_at = base_at - interval '6 hours'`);

  it('takes away old entries behind a checkpoint of their time, and nothing else; what is left verifies', async () => {
    const who = uuid();
    const chain = chainOfUser(who);
    for (const days of [100, 99, 98]) await act(who, days);
    await services.audit.checkpoint();
    await act(who, 97);
    await act(who, 1);
    await services.audit.checkpoint();
    // Both checkpoints are of now: nothing that old was signed then.
    await forgetNow();
    await hoursPass();
    expect(await forgetNow()).toBe(0);
    expect(await left(who)).toEqual([1, 2, 3, 4, 5]);
    const of = (await checkpointLines()).findIndex((line) => line.includes(chain));
    await behindTheTrigger(
      `update audit.checkpoint set at = now() - interval '95 days' where id = (select id from audit.checkpoint order by id offset $1 limit 1)`,
      [of],
    );

    // Whoever was told the earlier beginning still finds what they were told of.
    const signer = createSigner('a secret of at least thirty-two characters');
    const queries = createQueries({ background, transact: background }, createKeys(background), signer);
    const download = queries.exported({ user_id: admin.id, role: 'admin', workspace_ids: [] });
    const taken = [JSON.stringify((await download.next()).value)];
    expect(await forgetNow()).toBe(0);
    expect(await forgetNow()).toBe(0);
    for await (const line of download) taken.push(JSON.stringify(line));
    expect((await verifyExport(taken, await checkpointLines())).broken_at).toBeUndefined();
    expect(await left(who)).toEqual([1, 2, 3, 4, 5]);

    await hoursPass();
    expect(await forgetNow()).toBe(3);
    expect(await left(who)).toEqual([4, 5]);
    expect(await forgetNow()).toBe(0);

    const verdict = (await admin.call('GET', '/api/audit-logs/verify')).json;
    expect(verdict.broken_at).toBeUndefined();
    expect(verdict.begins).toEqual([{ chain, seq: 3, signed_at: expect.any(String) }]);
    const file = await wholeExport(admin);
    expect((await verifyExport(file, await checkpointLines())).broken_at).toBeUndefined();
    const late = file.filter((line) => !(line.includes(chain) && line.includes('"seq":4,')));
    expect((await verifyExport(late)).broken_at).toEqual({ chain, seq: 4, why: 'missing' });
    await act(who, 0);
    expect(await left(who)).toEqual([4, 5, 6]);
  });

  it('looks at the entries themselves: a checkpoint of a clock that was wrong takes no younger one away', async () => {
    const who = uuid();
    for (const days of [100, 99]) await act(who, days);
    await signedDaysAgo(95);
    for (const days of [30, 5]) await act(who, days);
    await signedDaysAgo(94);
    await forgetNow();
    expect(await beginsAt(who)).toBe(2);
    await hoursPass();
    await forgetNow();
    expect(await left(who)).toEqual([3, 4]);
  });

  it('goes on with the other chains where one cannot, and says so', async () => {
    const [ahead, stuck, well] = [uuid(), uuid(), uuid()];
    for (const days of [100, -1_000]) await act(ahead, days);
    for (const who of [stuck, well]) for (const days of [100, 99]) await act(who, days);
    await signedDaysAgo(95);
    const said: string[] = [];
    const log = createLogger('warn', { write: (line: string) => void said.push(line) });
    await forgetNow(log);
    expect([await beginsAt(ahead), await beginsAt(stuck), await beginsAt(well)]).toEqual([0, 2, 2]);
    expect(said.filter((line) => line.includes(ahead) && line.includes('"seq":2'))).toHaveLength(1);
    await behindTheTrigger('update audit.audit_logs set at = now() where chain = $1 and seq = 2', [chainOfUser(stuck)]);
    await hoursPass();
    expect(await forgetNow(log)).toBe(2);
    expect([await left(ahead), await left(stuck), await left(well)]).toEqual([[1, 2], [1, 2], []]);
    expect(said.filter((line) => line.includes(stuck))).toHaveLength(1);
    await behindTheTrigger(
      `update audit.audit_logs set at = (stored::jsonb ->> 'time')::timestamptz where chain = $1 and seq = 2`,
      [chainOfUser(stuck)],
    );
  });

  it('goes by no line that nobody signed, though the database takes it for a checkpoint', async () => {
    const who = uuid();
    for (const days of [100, 99]) await act(who, days);
    const { rows } = await owner.query(
      `select encode(hash, 'hex') as hash from audit.audit_logs where chain = $1 and seq = 2`,
      [chainOfUser(who)],
    );
    const { previous, ...signed } = JSON.parse((await checkpointLines()).at(-1) ?? '');
    const line = canonical({ ...signed, previous, heads: { [chainOfUser(who)]: [2, rows[0].hash] } });
    await owner.query(`insert into audit.checkpoint (at, line) values (now() - interval '95 days', $1)`, [line]);
    await forgetNow();
    expect(await beginsAt(who)).toBe(0);
    await behindTheTrigger('delete from audit.checkpoint where line = $1', [line]);
  });

  it('is the only way: the database refuses what no checkpoint signed, and what is of today', async () => {
    const service = new pg.Client({ ...services.connection, options: '-c role=taskmaster_audit_background' });
    await service.connect();
    const chain = `workspace:${ann.workspace}`;
    for (const client of [service, owner]) {
      await expect(
        client.query(`update audit.chain set base_seq = 2, base_hash = 'x' where chain = $1`, [chain]),
      ).rejects.toMatchObject({ code: '42501' });
      await expect(
        client.query(`update audit.chain set seq = seq - 1 where chain = $1`, [chain]),
      ).rejects.toMatchObject({
        code: '42501',
      });
      await expect(client.query(`delete from audit.audit_logs where chain = $1`, [chain])).rejects.toMatchObject({
        code: '42501',
      });
      await expect(client.query(`delete from audit.chain`)).rejects.toMatchObject({ code: '42501' });
    }
    await service.end();
  });
});

describe('the service’s own verifying', () => {
  const broken = async () => (await ann.call('GET', '/api/audit-logs/verify')).json.broken_at;
  const behindTheTrigger = async (text: string, values: unknown[]) => {
    await owner.query(`set session_replication_role = replica`);
    await owner.query(text, values);
    await owner.query(`set session_replication_role = origin`);
  };

  it('finds every column that is not what was stored, every changed text and every cut', async () => {
    const chain = `workspace:${ann.workspace}`;
    expect(await broken()).toBeUndefined();
    await behindTheTrigger(`update audit.audit_logs set action = 'deleted' where chain = $1 and seq = 2`, [chain]);
    expect(await broken()).toEqual({ chain, seq: 2, why: 'columns' });
    const { rows } = await owner.query(
      `select split_part(event_type, '.', 4) as action from audit.audit_logs where chain = $1 and seq = 2`,
      [chain],
    );
    await behindTheTrigger(`update audit.audit_logs set action = $2 where chain = $1 and seq = 2`, [
      chain,
      rows[0].action,
    ]);
    expect(await broken()).toBeUndefined();
    // One that was changed says nothing any more; the others are still shown.
    const flip = `update audit.audit_logs set stored = replace(stored, $2, $3) where chain = $1 and seq = 2`;
    await behindTheTrigger(flip, [chain, '"sealed":"', '"sealed":"AAAA']);
    expect(await broken()).toEqual({ chain, seq: 2, why: 'changed' });
    const shown = await entries(ann, '?limit=200');
    const said = (seq: number) =>
      shown.find((one: { chain: string; seq: number }) => one.chain === chain && one.seq === seq).payload;
    expect([said(2), said(3) === null]).toEqual([null, false]);
    await behindTheTrigger(flip, [chain, '"sealed":"AAAA', '"sealed":"']);
    expect(await broken()).toBeUndefined();
    await behindTheTrigger(
      `delete from audit.audit_logs where chain = $1 and seq = (select seq from audit.chain where chain = $1)`,
      [chain],
    );
    expect(await broken()).toMatchObject({ chain, why: 'cut' });
  });

  it('believes a beginning only where this place signed it, and so does whoever verifies elsewhere', async () => {
    const cleo = await services.person('cleo');
    const chain = `workspace:${cleo.workspace}`;
    for (let n = 0; n < 6; n++) await cleo.call('POST', '/api/tasks', { title: `gone ${n}` });
    await witnessed(cleo);
    await services.audit.checkpoint();
    const found = async () => (await cleo.call('GET', '/api/audit-logs/verify')).json;
    expect((await found()).begins).toBeUndefined();
    const { public_key } = await found();
    const { rows } = await owner.query(
      `select encode(hash, 'hex') as hash from audit.audit_logs where chain = $1 and seq = 3`,
      [chain],
    );
    await behindTheTrigger(
      `update audit.chain c set base_seq = 3, base_hash = (select hash from audit.audit_logs l where l.chain = c.chain and l.seq = 3) where chain = $1`,
      [chain],
    );
    await behindTheTrigger('delete from audit.audit_logs where chain = $1 and seq <= 3', [chain]);
    const unproven = { chain, seq: 3, why: 'unproven' };
    expect((await found()).broken_at).toEqual(unproven);
    const file = await wholeExport(cleo);
    expect((await verifyExport(file, await checkpointLines(), public_key)).broken_at).toEqual(unproven);
    const alone = await verifyExport(file, undefined, public_key);
    expect([alone.broken_at, alone.begins]).toEqual([undefined, [{ chain, seq: 3 }]]);

    // Signed, and behind the one before it, but by somebody else.
    const lines = await checkpointLines();
    const forged = canonical(
      createSigner('another secret of at least thirty-two characters').signed({
        at: new Date().toISOString(),
        previous: await hashOfLine(lines.at(-1) ?? ''),
        heads: { [chain]: [3, rows[0].hash] },
      }),
    );
    await owner.query('insert into audit.checkpoint (at, line) values (now(), $1)', [forged]);
    expect((await found()).broken_at).toEqual(unproven);
    expect((await verifyExport(file, await checkpointLines(), public_key)).broken_at).toMatchObject({
      why: 'signature',
    });
    await behindTheTrigger('delete from audit.checkpoint where line = $1', [forged]);
  });

  it('misses a chain that went with its head, and a checkpoint that is not signed', async () => {
    const all = async () => (await admin.call('GET', '/api/audit-logs/verify')).json.broken_at;
    const chain = `workspace:${bob.workspace}`;
    await services.audit.checkpoint();
    const { rows } = await owner.query('select * from audit.chain where chain = $1', [chain]);
    await behindTheTrigger('delete from audit.chain where chain = $1', [chain]);
    await behindTheTrigger('update audit.audit_logs set chain = $2 where chain = $1', [chain, 'elsewhere']);
    const found = async () => (await bob.call('GET', '/api/audit-logs/verify')).json;
    expect((await found()).chains.map((one: { chain: string }) => one.chain)).not.toContain(chain);
    expect((await found()).broken_at).toEqual({ chain, seq: 1, why: 'cut' });
    const { broken_at } = await verifyExport(await wholeExport(bob), await checkpointLines());
    expect(broken_at).toEqual({ chain, seq: 1, why: 'cut' });
    expect(await all()).toBeDefined();
    await behindTheTrigger('update audit.audit_logs set chain = $2 where chain = $1', ['elsewhere', chain]);
    const [row] = rows;
    await behindTheTrigger('insert into audit.chain select * from json_populate_record(null::audit.chain, $1)', [
      JSON.stringify({ ...row, hash: `\\x${row.hash.toString('hex')}` }),
    ]);
    expect((await found()).broken_at).toBeUndefined();
    await behindTheTrigger(`update audit.checkpoint set line = replace(line, '"at":"2', '"at":"3')`, []);
    expect(await all()).toMatchObject({ chain: 'checkpoint', why: 'signature' });
    expect((await found()).broken_at).toMatchObject({ chain: 'checkpoint', why: 'signature' });
  });
});
