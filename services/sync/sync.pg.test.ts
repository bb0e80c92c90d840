import { randomUUID } from 'node:crypto';
import { serverFrameSchema } from '@taskmaster/contracts/sync/frames';
import { applyChange } from '@taskmaster/domain/commands/world';
import type { Entity, Row } from '@taskmaster/domain/registers';
import pg from 'pg';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';

let services: RunningServices;
let ann: Person;
beforeAll(async () => {
  services = await runServices();
  ann = await services.person('ann');
});
afterAll(() => services.stop());

// biome-ignore lint/suspicious/noExplicitAny: frames are looked at
type Frame = any;
interface Socket {
  raw: WebSocket;
  frames: Frame[];
  closed: Promise<number>;
  send(frame: object): void;
  close(): void;
}

async function ticketOf(who: Person): Promise<{ ticket: string; url: string }> {
  return (await who.call('POST', '/api/sync/ticket', {})).json;
}

async function openSocket(url: string, options: { headers?: Record<string, string> } = {}): Promise<Socket> {
  const socket = new WebSocket(url, ['sync.v1'], options);
  const frames: Frame[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data))));
  const closed = new Promise<number>((done) => socket.on('close', (code) => done(code)));
  await new Promise<void>((opened, refused) => {
    socket.on('open', opened);
    socket.on('error', refused);
  });
  return {
    raw: socket,
    frames,
    closed,
    send: (frame) => socket.send(JSON.stringify(frame)),
    close: () => socket.close(),
  };
}

async function device(who: Person): Promise<Socket> {
  const { ticket, url } = await ticketOf(who);
  const socket = await openSocket(`${url}?ticket=${ticket}`);
  socket.send({ t: 'hello', client_id: randomUUID(), schema: 1, spaces: [{ id: who.workspace, cursor: null }] });
  await until(async () => socket.frames.some((frame) => frame.t === 'welcome'), 'welcome');
  return socket;
}

const push = (who: Person, client_id: string, ops: object[]) =>
  who.call('POST', `/api/workspaces/${who.workspace}/ops`, { client_id, schema: 1, ops });
const create = (n: number, title: string, id = v7()) => ({
  op: v7(),
  n,
  kind: 'create',
  entity: 'task',
  id,
  patch: { title },
});

describe('a socket', () => {
  it('is told of every change of its workspace, in whole runs, and of nobody else’s', async () => {
    const bob = await services.person('bob');
    const [hers, his] = [await device(ann), await device(bob)];
    const task = (await ann.call('POST', '/api/tasks', { title: 'seen', tags: ['fresh'] })).json;
    const run = await until(
      async () => hers.frames.find((frame) => frame.t === 'ev' && JSON.stringify(frame).includes(task.id)),
      'the run',
    );
    expect(run.events.map((event: { seq: number }) => event.seq)).toEqual(
      Array.from({ length: run.to - run.from + 1 }, (_, index) => run.from + index),
    );
    expect(run.events.at(-1).set_index).toBe(run.events.at(-1).set_size - 1);
    for (const frame of hers.frames) expect(serverFrameSchema.safeParse(frame).error).toBeUndefined();
    expect(JSON.stringify(his.frames)).not.toContain(ann.workspace);
    hers.close();
    his.close();
  });

  it('opens once for a ticket, never for a foreign origin, nor without either', async () => {
    const { ticket, url } = await ticketOf(ann);
    (await openSocket(`${url}?ticket=${ticket}`)).close();
    await expect(openSocket(`${url}?ticket=${ticket}`)).rejects.toThrow('401');
    await expect(openSocket(url)).rejects.toThrow('401');
    // Nothing else opens one, for nobody.
    for (const other of ['/api/tasks', '/', '/nowhere'])
      await expect(openSocket(url.replace('/ws/tasks', other))).rejects.toThrow('400');
    const fresh = await ticketOf(ann);
    await expect(
      openSocket(`${url}?ticket=${fresh.ticket}`, { headers: { origin: 'https://evil.example' } }),
    ).rejects.toThrow('403');
    (await openSocket(url, { headers: { authorization: `Bearer ${ann.token}` } })).close();
  });

  it('that asks for a foreign workspace is told it is not its own', async () => {
    const bob = await services.person('bob');
    const { ticket, url } = await ticketOf(bob);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    socket.send({ t: 'hello', client_id: randomUUID(), schema: 1, spaces: [{ id: ann.workspace, cursor: null }] });
    await until(
      async () => socket.frames.some((frame) => frame.t === 'revoked' && frame.id === ann.workspace),
      'revoked',
    );
    await ann.call('POST', '/api/tasks', { title: 'not for bob' });
    await until(async () => (await ann.call('GET', '/api/tasks?q=bob')).json.items.length > 0, 'the task');
    expect(socket.frames.filter((frame) => frame.t === 'ev')).toEqual([]);
    socket.close();
  });

  it('that comes from another history is told to begin anew', async () => {
    const { ticket, url } = await ticketOf(ann);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    const cursor = { seq: 1, op: null, epoch: randomUUID() };
    socket.send({ t: 'hello', client_id: randomUUID(), schema: 1, spaces: [{ id: ann.workspace, cursor }] });
    const reset = await until(async () => socket.frames.find((frame) => frame.t === 'reset'), 'reset');
    expect(reset.id).toBe(ann.workspace);
    socket.close();
  });

  it('that talks nonsense, or says hello twice, is closed', async () => {
    const { ticket, url } = await ticketOf(ann);
    const socket = await openSocket(`${url}?ticket=${ticket}`);
    socket.send({ t: 'nonsense' });
    expect(await socket.closed).toBe(4400);
  });
});

describe('a slow socket', () => {
  it('is sent no half and no flood: it skips whole frames and is told once to pull', async () => {
    const slow = await services.person('slow');
    const socket = await device(slow);
    socket.raw.pause();
    const client = randomUUID();
    const notes = 'n'.repeat(30_000);
    // More than the socket's buffers and the server's patience hold together.
    for (let n = 1; n <= 600; n += 6) {
      const ops = Array.from({ length: 6 }, (_, index) => ({
        ...create(n + index, `big ${n + index}`),
        patch: { title: `big ${n + index}`, notes },
      }));
      expect((await push(slow, client, ops)).status).toBe(200);
    }
    socket.raw.resume();
    await until(async () => socket.frames.some((frame) => frame.t === 'pull'), 'pull');
    const events = socket.frames.filter((frame) => frame.t === 'ev').flatMap((frame) => frame.events);
    expect(events.length).toBeLessThan(600);
    for (const frame of socket.frames)
      if (frame.t === 'ev') expect(frame.events).toHaveLength(frame.to - frame.from + 1);
    socket.close();
  });
});

describe('an open socket', () => {
  it('is closed when its session ends, and told when its person leaves a workspace', async () => {
    const [gone, out] = [await services.person('gone'), await services.person('out')];
    const [closing, leaving] = [await device(gone), await device(out)];
    const client = new pg.Client(services.connection);
    await client.connect();
    await client.query('delete from tasks.member where user_id = $1', [out.id]);
    await client.query('delete from auth.session where "userId" = $1', [gone.id]);
    await client.end();
    expect(await closing.closed).toBe(4401);
    await until(async () => leaving.frames.some((frame) => frame.t === 'revoked'), 'revoked');
    expect((await gone.call('GET', '/api/tasks')).status).toBe(401);
    leaving.close();
  });
});

describe('a push', () => {
  it('takes ops in order, knows them again, refuses one without stopping the next, and names the n it expects', async () => {
    const client = randomUUID();
    const [first, second] = [create(1, 'one'), create(2, 'two')];
    const bad = { op: v7(), n: 3, kind: 'update', entity: 'task', id: randomUUID(), patch: { title: 'nobody' } };
    const wrong = { ...create(4, ''), patch: { title: '' } };
    const after = create(5, 'five');
    const { results } = (await push(ann, client, [first, second, bad, wrong, after])).json;
    expect(results.map((one: { status: string }) => one.status)).toEqual(['ok', 'ok', 'rejected', 'rejected', 'ok']);
    expect(results[2].error.code).toBe('not_found');
    const again = (await push(ann, client, [first, second, bad])).json.results;
    expect(again.map((one: { status: string }) => one.status)).toEqual(['dup', 'dup', 'rejected']);
    expect(again[2].error.code).toBe('not_found');
    const gap = (await push(ann, client, [create(9, 'nine')])).json.results;
    expect(gap).toEqual([expect.objectContaining({ status: 'order', expect: 6 })]);
    expect((await ann.call('GET', '/api/tasks?q=five')).json.items).toHaveLength(1);
  });

  it('sent many times at once has one effect', async () => {
    const client = randomUUID();
    const ops = [create(1, 'concurrent push'), create(2, 'concurrent push')];
    await Promise.all(Array.from({ length: 8 }, () => push(ann, client, ops)));
    expect((await ann.call('GET', '/api/tasks?q=concurrent')).json.items).toHaveLength(2);
  });

  it('keeps edits of different registers, and says what a later edit overwrote', async () => {
    const id = v7();
    const [laptop, phone] = [randomUUID(), randomUUID()];
    const made = (await push(ann, laptop, [create(1, 'shared', id)])).json.results[0].seq;
    const edit = (n: number, patch: object) => ({
      op: v7(),
      n,
      kind: 'update',
      entity: 'task',
      id,
      patch,
      base_seq: made,
    });
    await push(ann, laptop, [edit(2, { title: 'from the laptop' })]);
    await push(ann, phone, [edit(1, { priority: 'high' }), edit(2, { title: 'from the phone' })]);
    expect((await ann.call('GET', `/api/tasks/${id}`)).json).toMatchObject({
      title: 'from the phone',
      priority: 'high',
    });
    const { items } = (await ann.call('GET', `/api/tasks/${id}/history`)).json;
    expect(items.at(-1).overwrote).toEqual([{ register: 'title', seq: made + 1 }]);
  });

  it('refuses an instant beyond the calendar, and whoever comes after is not held up', async () => {
    const eve = await services.person('eve');
    const task = (await eve.call('POST', '/api/tasks', { title: 'x' })).json;
    const at = '9999-12-31T23:59:59-12:00';
    const reminder = {
      op: v7(),
      n: 1,
      kind: 'create',
      entity: 'reminder',
      id: v7(),
      patch: { task_id: task.id, when: { minutes_before: null, at } },
    };
    expect((await push(eve, randomUUID(), [reminder])).json.results[0].status).toBe('rejected');
    expect((await eve.call('POST', `/api/tasks/${task.id}/snooze`, { until: at })).status).toBe(422);
    const both = {
      ...reminder,
      op: v7(),
      id: v7(),
      patch: { task_id: task.id, when: { minutes_before: 5, at: '2030-01-01T00:00:00Z' } },
    };
    expect((await push(eve, randomUUID(), [both])).json.results[0].status).toBe('rejected');
    const early = {
      ...reminder,
      op: v7(),
      id: v7(),
      patch: { task_id: task.id, when: { minutes_before: null, at: '2030-01-01T09:00:00+09:00' } },
    };
    expect((await push(eve, randomUUID(), [early])).json.results[0].status).toBe('ok');
    expect((await eve.call('GET', `/api/tasks/${task.id}`)).json.reminders).toEqual([
      { at: '2030-01-01T00:00:00.000Z' },
    ]);
    expect((await eve.call('GET', `/api/workspaces/${eve.workspace}/snapshot`)).status).toBe(200);
  });

  it('refuses ops that cannot be read, each alone: what is beside them is taken', async () => {
    const id = v7();
    const edit = (n: number, entity: string, kind: string, patch: object, of = id) => ({
      op: v7(),
      n,
      kind,
      entity,
      id: of,
      patch,
      base_seq: 0,
    });
    const when = { minutes_before: 5, at: null };
    const { status, json } = await push(ann, randomUUID(), [
      create(1, 'beside them', id),
      edit(2, 'task', 'update', { tags: { add: 5 } }),
      edit(3, 'tag', 'create', { name: 5 }, v7()),
      edit(4, 'task', 'update', { place: { project_id: 'nope', parent_id: 7 } }),
      edit(5, 'reminder', 'create', { task_id: 'zz', when }, v7()),
      edit(6, 'nonsense', 'create', { task_id: 'zz' }, v7()),
      edit(6, 'task', 'update', { title: 'taken as well' }),
    ]);
    // An op of no known kind is no push at all; the others are judged one by one.
    expect(status).toBe(422);
    expect(json.errors[0].path).toBe('ops.5.entity');
    const again = await push(ann, randomUUID(), [
      create(1, 'beside them', id),
      edit(2, 'task', 'update', { tags: { add: 5 } }),
      edit(3, 'tag', 'create', { name: 5 }, v7()),
      edit(4, 'task', 'update', { place: { project_id: 'nope', parent_id: 7 } }),
      edit(5, 'reminder', 'create', { task_id: 'zz', when }, v7()),
      edit(6, 'task', 'update', { title: 'taken as well' }),
    ]);
    expect(again.json.results.map((one: { status: string }) => one.status)).toEqual([
      'ok',
      'rejected',
      'rejected',
      'rejected',
      'rejected',
      'ok',
    ]);
    expect((await ann.call('GET', `/api/tasks/${id}`)).json.title).toBe('taken as well');
  });

  it('takes an op once that is sent twice in one push, and refuses one too large without stopping the next', async () => {
    const client = randomUUID();
    const twice = create(1, 'twice in one');
    const { results } = (await push(ann, client, [twice, twice])).json;
    expect(results.map((one: { status: string }) => one.status)).toEqual(['ok', 'rejected']);
    const id = v7();
    const notes = '"'.repeat(32_767);
    await push(ann, client, [{ ...create(2, 'big', id), patch: { title: 'big', notes } }]);
    const change = { op: v7(), n: 3, kind: 'update', entity: 'task', id, patch: { notes: '\n'.repeat(32_767) } };
    const after = (await push(ann, client, [change, create(4, 'after the big one')])).json.results;
    expect(after.map((one: { status: string; error?: { code: string } }) => one.error?.code ?? one.status)).toEqual([
      'too_large',
      'ok',
    ]);
  });

  it('of an old page is refused and loses nothing; of a workspace not one’s own is 404', async () => {
    const body = { client_id: randomUUID(), schema: 0, ops: [] };
    expect((await ann.call('POST', `/api/workspaces/${ann.workspace}/ops`, body)).json.code).toBe('schema_too_old');
    const bob = await services.person('bob');
    expect((await bob.call('POST', `/api/workspaces/${ann.workspace}/ops`, { ...body, schema: 1 })).status).toBe(404);
  });

  it('into a project that was deleted meanwhile goes to the Inbox', async () => {
    const project = (await ann.call('POST', '/api/projects', { name: 'Doomed' })).json;
    await ann.call('DELETE', `/api/projects/${project.id}`);
    const id = v7();
    const place = { project_id: project.id, section_id: null, parent_id: null, position: '' };
    await push(ann, randomUUID(), [{ ...create(1, 'saved', id), patch: { title: 'saved', place } }]);
    expect((await ann.call('GET', `/api/tasks/${id}`)).json.project_id).toBeNull();
  });
});

describe('the feed', () => {
  it('never cuts a set, whatever the limit', async () => {
    const cy = await services.person('cy');
    await cy.call('POST', '/api/tasks/quick', { text: 'a #One @x @y\nb #Two @z\nc' });
    const all = (await cy.call('GET', `/api/workspaces/${cy.workspace}/changes?since=0&limit=1000`)).json;
    let since = 0;
    const seen: number[] = [];
    while (since < all.head) {
      const page = (await cy.call('GET', `/api/workspaces/${cy.workspace}/changes?since=${since}&limit=2`)).json;
      expect(page.events.at(-1).set_index).toBe(page.events.at(-1).set_size - 1);
      seen.push(...page.events.map((event: { seq: number }) => event.seq));
      since = page.to;
    }
    expect(seen).toEqual(all.events.map((event: { seq: number }) => event.seq));
  });

  it('replayed from nothing gives the rows of the snapshot', async () => {
    const dee = await services.person('dee');
    await dee.call('POST', '/api/tasks/quick', {
      text: 'Water plants every 3 days at 8am #Home @green\nRead //a book',
    });
    const [plants, book] = (await dee.call('GET', '/api/tasks')).json.items;
    await dee.call('POST', `/api/tasks/${plants.id}/complete`, {});
    await until(async () => (await dee.call('GET', '/api/tasks?q=water')).json.items.length > 0, 'the successor');
    await dee.call('PATCH', `/api/tasks/${book.id}`, { title: 'Read twice', tags: ['quiet'], due_date: '2027-02-02' });
    await dee.call('PATCH', '/api/me', { settings: { week_start: 7 } });
    const feed = (await dee.call('GET', `/api/workspaces/${dee.workspace}/changes?since=0&limit=1000`)).json;
    const rows = new Map<string, Row>();
    for (const event of feed.events) {
      const key = `${event.entity}:${event.entity_id}`;
      rows.set(
        key,
        applyChange(event.entity as Entity, rows.get(key) as never, { ...event, workspace_id: dee.workspace }),
      );
    }
    const lines = (await dee.call('GET', `/api/workspaces/${dee.workspace}/snapshot`)).text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const snapshot = lines.flatMap((line) => (line.row ? [line.row] : []));
    expect(lines.at(-1).end).toEqual({ seq: feed.head, count: snapshot.length });
    for (const { entity, ...row } of snapshot)
      expect(rows.get(`${entity}:${row.id}`), `${entity} ${row.id}`).toEqual(row);
    expect([...rows.keys()].filter((key) => !key.startsWith('workspace:'))).toHaveLength(snapshot.length);
  });

  it('lists this device’s own ops, rejected ones too', async () => {
    const client = randomUUID();
    await push(ann, client, [create(1, 'mine'), { ...create(2, 'x'), patch: {} }]);
    const { mine } = (
      await ann.call('GET', `/api/workspaces/${ann.workspace}/changes?since=0&client_id=${client}&from_n=1`)
    ).json;
    expect(mine.map((one: { status: string }) => one.status)).toEqual(['ok', 'rejected']);
  });
});

describe('the log', () => {
  it('is read by a role that cannot change it, and rows are never removed', async () => {
    const client = new pg.Client(services.connection);
    await client.connect();
    const { rows } = await client.query(
      `select count(*) filter (where c.entity = 'task' and c.kind = 'created') as made, (select count(*) from tasks.task) as there from tasks.change c`,
    );
    await client.end();
    expect(rows[0].made).toBe(rows[0].there);
  });
});
