import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { problemCodes, problemSchema } from '@taskmaster/contracts/problems';
import { serverFrameSchema } from '@taskmaster/contracts/sync/frames';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { callAt, type Person, until } from '../support/running-services.ts';
import { type Attack, attacks, ECHO, sweep, telling } from './hostile.ts';
import { documentOf, type OpenApi, type Operation, operationsOf, type Schema } from './operations.ts';
import { type Stage, stage } from './stage.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
const numRuns = Number(process.env.FUZZ_RUNS ?? 40);

interface Heard {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** As it is, not as `fetch` would mend it. */
const send = (url: string, { method, path, headers, body }: Attack, agent: Agent | false = false): Promise<Heard> =>
  new Promise((heard, failed) => {
    const { hostname, port } = new URL(url);
    const asked = request({ hostname, port, method, path, headers, agent }, async (answer) => {
      const parts: Buffer[] = [];
      try {
        for await (const part of answer) parts.push(part as Buffer);
      } catch (error) {
        failed(error as Error);
      }
      heard({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(parts).toString() });
    });
    asked.on('error', failed);
    asked.end(body);
  });

/** What no answer says of the inside. */
const INSIDE: [string, RegExp][] = [
  ['a stack', /\n\s+at |node_modules|node:internal|\.[cm]?[jt]s:\d/],
  ['SQL', /\bselect\s.+\sfrom\b|insert into|violates|relation "|syntax error|pg_|\$\d::|tasks\.\w/i],
  ['a path', /\/(?:work|home|tmp|usr|var|etc)\//],
];

const kept = new Agent({ keepAlive: true, maxSockets: 1 });

const schemas = new Map<Schema, z.ZodType>();
/** The schema that the document declares, as something that judges. */
function judge(schema: Schema, document: OpenApi): z.ZodType {
  const known = schemas.get(schema);
  if (known) return known;
  const whole = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const made = z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')));
  schemas.set(schema, made);
  return made;
}

/** @returns what is wrong with an answer; undefined where nothing is. */
function wrongWith(operation: Operation, document: OpenApi, { status, headers, text }: Heard): string | undefined {
  const type = String(headers['content-type'] ?? '');
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (status >= 400) {
    if (!type.startsWith('application/problem+json')) return `${status} as ${type}: ${text.slice(0, 100)}`;
    const read = problemSchema.safeParse(parsed(text));
    if (!read.success || !problemCodes.includes(read.data.code)) return `no problem: ${text.slice(0, 200)}`;
    if (read.data.status !== status) return 'another status in the body';
    if (read.data.request_id !== headers['x-request-id']) return 'another request_id in the body';
    const inside = INSIDE.find(([, pattern]) => pattern.test(text));
    if (inside) return `${inside[0]}: ${text.slice(0, 200)}`;
    if (text.includes(ECHO)) return `what was sent is said again: ${text.slice(0, 200)}`;
    return operation.responses.default ||
      operation.responses[status] ||
      status === 400 ||
      status === 404 ||
      operation.open
      ? undefined
      : `${status} is not declared`;
  }
  const declared = operation.responses[status];
  if (!declared) return `${status} is not declared`;
  const schema = declared.content?.['application/json']?.schema;
  if (!schema || status === 204) return undefined;
  if (!type.startsWith('application/json')) return `${status} as ${type}`;
  const { error } = judge(schema, document).safeParse(parsed(text));
  return error && `${status} is not what the document says: ${JSON.stringify(error.issues).slice(0, 300)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

let on: Stage;
let caller: { headers: Record<string, string>; id: string; ids: readonly string[] };
beforeAll(async () => {
  on = await stage();
  const { admin } = on;
  const make = async (path: string, body: object) => (await admin.call('POST', path, body)).json.id as string;
  const task = await make('/api/tasks', { title: 'one', due_date: '2031-01-01', recurrence: { rule: 'FREQ=DAILY' } });
  const ids = [
    task,
    await make('/api/tasks', { title: 'two', parent_id: task }),
    await make('/api/projects', { name: 'three' }),
    await make('/api/tags', { name: 'four' }),
    await make('/api/tokens', { name: 'five', scopes: ['sync'] }),
    admin.workspace,
    admin.workspace,
  ];
  caller = { headers: { authorization: `Bearer ${admin.token}` }, id: admin.id, ids };
  console.log(`seed ${seed}, ${numRuns} requests an operation; FUZZ_SEED and FUZZ_RUNS say otherwise`);
});
afterAll(async () => {
  kept.destroy();
  await on.end();
});

describe('whatever is sent', () => {
  it('is answered as the document says: never broken, nothing of the inside', { timeout: 300_000 }, async () => {
    const document = documentOf(on.services.http);
    const wrong: string[] = [];
    const counts = new Map<number, number>();
    for (const operation of operationsOf(on.services.http)) {
      // A backup is work; a dozen of them shows what there is to show.
      const runs = operation.path.endsWith('/backups') ? 12 : numRuns;
      const check = fc.asyncProperty(attacks(operation, document, caller), async (attack) => {
        const heard = await send(on.services.url, attack);
        counts.set(heard.status, (counts.get(heard.status) ?? 0) + 1);
        const what = wrongWith(operation, document, heard);
        if (what) throw new Error(what);
      });
      const found = await fc.check(check, { seed, numRuns: runs, endOnFailure: true });
      if (found.failed) {
        const [attack] = found.counterexample ?? [];
        const { method, path, headers, body } = attack as Attack;
        const odd = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));
        wrong.push(`${operation.name}: ${(found.errorInstance as Error).message}
  ${method} ${path.slice(0, 400)} ${JSON.stringify(odd).slice(0, 300)} ${body?.toString().slice(0, 400)}`);
      }
    }
    console.log(
      [...counts]
        .sort(([a], [b]) => a - b)
        .map(([status, times]) => `${status}: ${times}`)
        .join(', '),
    );
    expect(wrong.join('\n')).toBe('');
    // Not only refusals: what is nearly right comes through.
    expect(counts.get(200) ?? 0).toBeGreaterThan(200);
    expect((await callAt(on.services.url, 'GET', '/health')).status).toBe(200);
  });
});

describe('in each place', () => {
  it('each hostile value is answered as the document says', { timeout: 300_000 }, async () => {
    const document = documentOf(on.services.http);
    const wrong = new Map<string, string>();
    let sent = 0;
    for (const operation of operationsOf(on.services.http)) {
      if (operation.isAlias || operation.path.endsWith('/backups')) continue;
      const own = operation.path.startsWith('/api/workspaces/') ? on.admin.workspace : (caller.ids[0] ?? '');
      for (const attack of sweep(operation, document, { ...caller, own })) {
        sent++;
        const what = wrongWith(operation, document, await send(on.services.url, attack, kept));
        if (what) wrong.set(operation.name, `${what}\n  ${attack.path} ${attack.body?.toString().slice(0, 400)}`);
      }
    }
    console.log(`${sent} requests, one hostile value in each`);
    expect([...wrong].map((of) => of.join(': ')).join('\n')).toBe('');
  });
});

describe('signing in', () => {
  const right = {
    name: 'x',
    email: 'x@example.test',
    password: 'a-long-pass phrase 7',
    newPassword: 'a-long-pass phrase 8',
  };
  it.each([
    ['/sign-in/email', ['email', 'password']],
    ['/sign-up/email', ['name', 'email', 'password', 'image']],
    ['/request-password-reset', ['email', 'redirectTo']],
    ['/reset-password', ['token', 'newPassword']],
    ['/send-verification-email', ['email', 'callbackURL']],
    ['/change-password', ['currentPassword', 'newPassword']],
    ['/revoke-session', ['token']],
    ['/revoke-other-sessions', ['token']],
  ])('takes hostile values as any other route: %s', { timeout: 120_000 }, async (path, fields) => {
    const who = await on.services.person('signs');
    for (const field of fields)
      for (const value of telling) {
        const email = `${crypto.randomUUID()}@example.test`;
        const body = Buffer.from(JSON.stringify({ ...right, email, currentPassword: right.password, [field]: value }));
        const signed = /revoke|change/.test(path) ? { cookie: who.cookie } : undefined;
        const headers = {
          origin: on.services.url,
          'content-type': 'application/json',
          'content-length': String(body.length),
          ...signed,
        };
        const heard = await send(on.services.url, { method: 'POST', path: `/api/auth${path}`, headers, body }, kept);
        if (heard.status < 400) continue;
        const open = { responses: { default: {} }, open: true } as unknown as Operation;
        const wrong = wrongWith(open, documentOf(on.services.http), heard);
        expect([field, value, wrong]).toEqual([field, value, undefined]);
      }
  });
});

describe('what is no HTTP', () => {
  /** All that comes back until the connection is closed. */
  const raw = (text: string): Promise<string> =>
    new Promise((heard) => {
      const { hostname, port } = new URL(on.services.url);
      const socket = connect(Number(port), hostname);
      let answer = '';
      socket.on('data', (bytes) => (answer += bytes));
      socket.on('error', () => undefined);
      socket.on('close', () => heard(answer));
      socket.end(text);
    });
  const host = 'Host: localhost\r\n';

  it.each([
    ['two lengths', `POST /api/tasks HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello`],
    [
      'a length and chunks',
      `POST /api/tasks HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'a chunk of no size',
      `POST /api/tasks HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n${ECHO}\r\n0\r\n\r\n`,
    ],
    ['another coding', `POST /api/tasks HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['a negative length', `POST /api/tasks HTTP/1.1\r\n${host}Content-Length: -1\r\n\r\n`],
    ['NUL in a header', `GET /api/tasks HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`],
    ['a folded header', `GET /api/tasks HTTP/1.1\r\n${host}X-A: a\r\n b\r\n\r\n`],
    ['a space before the colon', `GET /api/tasks HTTP/1.1\r\n${host}Content-Length : 5\r\n\r\n`],
    ['bare line feeds', `GET /api/tasks HTTP/1.1\nHost: localhost\nX: ${ECHO}\n\n`],
    [
      'headers without end',
      `GET /api/tasks HTTP/1.1\r\n${host}${'X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2000)}\r\n`,
    ],
    ['an address without end', `GET /${'x'.repeat(70_000)} HTTP/1.1\r\n${host}\r\n`],
    ['an unknown method', `STEAL /api/tasks HTTP/1.1\r\n${host}\r\n`],
    ['no HTTP at all', `${ECHO}\r\n\r\n`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('is refused in our words, and cut off: %s', async (_name, text) => {
    const answer = await raw(text);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(head.toLowerCase()).toContain('application/problem+json');
    expect(problemSchema.safeParse(parsed(body)).success).toBe(true);
    expect(answer).not.toContain(ECHO);
    for (const [, pattern] of INSIDE) expect(answer).not.toMatch(pattern);
  });
});

describe('a frame', () => {
  const hello = (who: Person, more: object = {}) => ({
    t: 'hello',
    client_id: '019f0000-0000-7000-8000-000000000000',
    schema: 1,
    spaces: [{ id: who.workspace, cursor: null }],
    ...more,
  });
  /** What a socket hears, and how it ends. */
  async function say(
    who: Person,
    said: readonly (string | Buffer)[],
  ): Promise<{ heard: string[]; code: number | undefined }> {
    const socket = new WebSocket(`${on.services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], {
      headers: { authorization: `Bearer ${who.token}` },
    });
    const heard: string[] = [];
    let code: number | undefined;
    socket.on('message', (data) => heard.push(String(data)));
    socket.on('close', (with_) => (code = with_));
    socket.on('error', () => undefined);
    await new Promise((opened) => socket.once('open', opened));
    for (const one of said) socket.send(one);
    await until(async () => code !== undefined || heard.some((frame) => frame.includes('"welcome"')), 'an answer');
    if (code === undefined) {
      socket.close();
      await until(async () => code !== undefined, 'closed');
      return { heard, code: undefined };
    }
    return { heard, code };
  }

  it('that is none closes its own socket with a reason, and nothing else', { timeout: 120_000 }, async () => {
    const who = await on.services.person('frames');
    const watching = await on.services.person('watching');
    const still = new WebSocket(`${on.services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], {
      headers: { authorization: `Bearer ${watching.token}` },
    });
    await new Promise((opened) => still.once('open', opened));
    const good = JSON.stringify(hello(who));
    const wrong: (string | Buffer)[][] = [
      [''],
      ['null'],
      ['{'],
      ['[]'],
      [Buffer.from(good)],
      [Buffer.from([0xff, 0xfe, 0x00])],
      ['x'.repeat(65_000)],
      [`${'['.repeat(30_000)}${']'.repeat(30_000)}`],
      [JSON.stringify(hello(who, { user_id: watching.id }))],
      [JSON.stringify(hello(who, { spaces: [{ id: who.workspace, cursor: null, role: 'owner' }] }))],
      [JSON.stringify(hello(who, { schema: 'x' }))],
      [JSON.stringify(hello(who, { schema: 99 }))],
      [JSON.stringify(hello(who, { client_id: '\0' }))],
      [
        JSON.stringify(
          hello(who, { spaces: Array.from({ length: 201 }, () => ({ id: who.workspace, cursor: null })) }),
        ),
      ],
      [JSON.stringify(hello(who, { spaces: [{ id: who.workspace, cursor: { seq: -1, op: null, epoch: ECHO } }] }))],
      [JSON.stringify({ ...hello(who), t: 'welcome' })],
      [`{"__proto__":{"t":"hello"},${good.slice(1)}`],
      [good, good],
      Array.from({ length: 200 }, () => good),
    ];
    for (const said of wrong) {
      const { heard, code } = await say(who, said);
      const what = String(said[0]).slice(0, 60);
      // A second hello may be read after the welcome: then it was the test that closed.
      if (said.length === 1) expect([what, [4400, 4409].includes(code ?? 0)]).toEqual([what, true]);
      for (const frame of heard) {
        expect([what, serverFrameSchema.safeParse(JSON.parse(frame)).error]).toEqual([what, undefined]);
        expect(frame).not.toContain(ECHO);
        for (const [, pattern] of INSIDE) expect(frame).not.toMatch(pattern);
      }
    }
    expect((await say(who, ['x'.repeat(66_000)])).code).toBe(1009);
    expect((await say(who, [good])).code).toBeUndefined();
    expect(still.readyState).toBe(WebSocket.OPEN);
    still.close();
  });

  it('of any shape is answered, or its socket is closed', { timeout: 120_000 }, async () => {
    const who = await on.services.person('shapes');
    const frames = fc.record(
      {
        t: fc.constantFrom('hello', 'hello', 'hello', 'pull', ECHO),
        client_id: fc.oneof(fc.uuid(), fc.string()),
        schema: fc.oneof(fc.constant(1), fc.integer()),
        spaces: fc.oneof(
          fc.array(
            fc.record({
              id: fc.oneof(fc.constant(who.workspace), fc.uuid()),
              cursor: fc.constantFrom(null, { seq: 2 ** 53 - 1, op: null, epoch: who.workspace }),
            }),
            { maxLength: 5 },
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: ['t'] },
    );
    await fc.assert(
      fc.asyncProperty(frames, async (frame) => {
        const { heard } = await say(who, [JSON.stringify(frame)]);
        for (const one of heard) serverFrameSchema.parse(JSON.parse(one));
      }),
      { seed, numRuns: 40, endOnFailure: true },
    );
    expect((await callAt(on.services.url, 'GET', '/health')).status).toBe(200);
  });
});
