import { clientFrameSchema } from '@taskmaster/contracts/sync/frames';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { type Person, until } from '../support/running-services.ts';
import { differences, leaked } from './differential.ts';
import { settled } from './estate.ts';
import type { OpenApi, Schema } from './operations.ts';
import { isId, leaves, nameOf, sample } from './samples.ts';
import { expired, type Stage, stage } from './stage.ts';

let on: Stage;
beforeAll(async () => {
  on = await stage();
});
afterAll(() => on.end());

const address = (): string => `${on.services.url.replace('http', 'ws')}/ws/tasks`;
const ticketOf = async (who: Person): Promise<string> => (await who.call('POST', '/api/sync/ticket', {})).json.ticket;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** 101 where it opens, else the status. */
const opening = (query: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((done) => {
    const socket = new WebSocket(address() + query, ['sync.v1'], { headers });
    socket.on('open', () => {
      socket.close();
      done(101);
    });
    socket.on('unexpected-response', (_request, response) => done(response.resume().statusCode ?? 0));
    socket.on('error', () => undefined);
  });

async function talking(who: Person): Promise<{ socket: WebSocket; heard: string[] }> {
  const socket = new WebSocket(address(), ['sync.v1'], { headers: bearer(who.token) });
  const heard: string[] = [];
  socket.on('message', (data) => heard.push(String(data)));
  await new Promise((opened, refused) => socket.once('open', opened).once('error', refused));
  return { socket, heard };
}

/** Every kind of frame that a device may send. */
const noDocument = { paths: {}, components: { schemas: {} } } satisfies OpenApi;
const frames = (z.toJSONSchema(clientFrameSchema, { unrepresentable: 'any' }) as Schema).oneOf ?? [];

describe('a socket', () => {
  it('of somebody else hears nothing of hers, whatever of hers its frames name', { timeout: 120_000 }, async () => {
    expect(frames.length).toBeGreaterThan(0);
    const { estate, other } = on;
    const before = await on.holdings.of(estate.person);
    const places = frames.flatMap((frame) =>
      leaves(frame, noDocument)
        .filter((place) => isId(place.schema))
        .map(({ steps }) => ({ frame, steps })),
    );
    expect(places.length).toBeGreaterThan(2);
    const tried = places.flatMap(({ frame, steps }) =>
      ['workspace', 'user', 'device', 'op', 'epoch', 'task', 'session'].map((kind) => ({
        what: `her ${kind} as ${nameOf(steps)}`,
        said: sample(frame, noDocument, { steps, value: estate.ids[kind] }),
      })),
    );
    const hello = { t: 'hello', client_id: estate.ids.device, schema: 1 };
    tried.push({
      what: 'all of hers',
      said: {
        ...hello,
        spaces: [
          { id: estate.person.workspace, cursor: estate.head },
          { id: other.workspace, cursor: estate.head },
        ],
      },
    });
    const open: { what: string; sent: string; heard: string[]; socket: WebSocket }[] = [];
    for (const { what, said } of tried) {
      const { socket, heard } = await talking(other);
      const sent = JSON.stringify(said);
      open.push({ what, sent, heard, socket });
      socket.send(sent);
      await until(async () => heard.some((frame) => /"t":"(welcome|error)"/.test(frame)), `an answer to ${what}`);
    }
    // While she works, and after.
    const { socket: hers, heard: ofHers } = await talking(estate.person);
    hers.send(JSON.stringify({ ...hello, spaces: [{ id: estate.person.workspace, cursor: null }] }));
    await until(async () => ofHers.some((frame) => frame.includes('welcome')), 'her welcome');
    expect(differences(before, await on.holdings.of(estate.person))).toEqual([]);
    const task = (await estate.person.call('POST', '/api/tasks', { title: `${estate.mark} while they listen` })).json;
    await until(async () => ofHers.some((frame) => frame.includes(task.id)), 'her own frame');
    await settled(on.admin);
    for (const { what, sent, heard, socket } of open) {
      expect([what, heard.flatMap((frame) => leaked(frame, sent, estate) ?? [])]).toEqual([what, []]);
      expect(heard.filter((frame) => frame.includes(task.id) || frame.includes('"t":"ev"'))).toEqual([]);
      socket.terminate();
    }
    hers.close();
  });

  it('opens for her ticket once, within its minute, and from our own page', async () => {
    const her = on.estate.person;
    const ticket = await ticketOf(her);
    expect(await opening(`?ticket=${ticket}`)).toBe(101);
    expect(await opening(`?ticket=${ticket}`)).toBe(401);
    expect(await opening(`?ticket=${ticket}`, bearer(on.other.token))).toBe(401);

    const late = await ticketOf(her);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    try {
      expect(await opening(`?ticket=${late}`)).toBe(401);
    } finally {
      vi.useRealTimers();
    }

    const fresh = await ticketOf(her);
    for (const origin of ['https://evil.example', 'null', `${on.services.url}.evil.example`, `${on.services.url}0`])
      expect([origin, await opening(`?ticket=${fresh}`, { origin })]).toEqual([origin, 403]);
    expect(await opening(`?ticket=${fresh}`, { origin: on.services.url })).toBe(101);
  });

  it('opens for no cookie, no other kind of token, and none that is over', async () => {
    const her = on.estate.person;
    const { cookie, token } = her;
    expect(await opening('', { cookie, origin: on.services.url })).toBe(401);
    expect(await opening(`?ticket=${token}`)).toBe(401);
    expect(await opening('', bearer(await ticketOf(her)))).toBe(401);
    expect(await opening('', bearer(await expired(on.services, her)))).toBe(401);
    expect(await opening('', bearer(on.estate.reading))).toBe(403);
    expect(await opening('')).toBe(401);
  });
});
