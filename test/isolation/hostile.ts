import { patches } from '@taskmaster/contracts/sync/ops';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { OpenApi, Operation, Schema } from './operations.ts';
import { isId, leaves, nameOf, resolved, sample } from './samples.ts';

/** Stands in hostile texts: an error that says it repeats what was sent. */
export const ECHO = 'echo.of.what.was.sent';

/** A request as it goes over the wire. */
export interface Attack {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

const deep = (depth: number): unknown => (depth === 0 ? ECHO : [deep(depth - 1)]);
const texts = [
  '',
  ' ',
  '\0',
  `a\0${ECHO}`,
  `\ud800${ECHO}`,
  `${ECHO}\udc00`,
  `\u200b\u200d\u2060${ECHO}`,
  [...ECHO].map((letter) => String.fromCodePoint(0xe0000 + letter.charCodeAt(0))).join(''),
  `\u202e${ECHO}\u2066`,
  `${'\u0301'.repeat(400)}`,
  ECHO.repeat(40),
  'x'.repeat(33_000),
  '😀'.repeat(200),
  '__proto__',
  'constructor',
  'toString',
  `'; drop table tasks.task; -- ${ECHO}`,
  `%' or '1'='1`,
  `\${${ECHO}}{{7*7}}<%= 7*7 %>`,
  `../../../../etc/passwd`,
  `<script>${ECHO}</script>`,
  `a\r\nx-injected: ${ECHO}`,
  '9999-99-99',
  '2026-02-30',
  '0000-00-00',
  '10000-01-01',
  '-000001-01-01',
  '2026-13-01T25:61:61Z',
  '9999-12-31T23:59:59-23:59',
  '0001-01-01T00:00:00+23:59',
  '2026-06-30T23:59:60Z',
  '25:00',
  '24:00',
  'Mars/Base',
  'NaN',
  'Infinity',
  '-1',
  '1e400',
  '0x10',
  'null',
  'undefined',
  '[object Object]',
  '00000000-0000-0000-0000-000000000000',
  'FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF',
];
/** Those that say most where there is no schema to go by. */
export const telling: readonly unknown[] = [...texts.slice(0, 24), null, true, -1, {}, [ECHO], { toString: ECHO }];
const rules = [
  'FREQ=DAILY;INTERVAL=0',
  'FREQ=DAILY;INTERVAL=-1',
  'FREQ=DAILY;INTERVAL=99999999999999999999',
  'FREQ=YEARLY;INTERVAL=9999',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31',
  'FREQ=MONTHLY;BYDAY=99MO',
  'FREQ=MONTHLY;BYDAY=-53SU;BYSETPOS=366',
  'FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYYEARDAY=1',
  'FREQ=WEEKLY;BYDAY=',
  'FREQ=DAILY;COUNT=999999999',
  'FREQ=DAILY;COUNT=1;UNTIL=20300101',
  'FREQ=DAILY;UNTIL=99991231T235959Z',
  'FREQ=SECONDLY',
  'FREQ=DAILY;BYSECOND=60;BYHOUR=99',
  'RRULE:FREQ=DAILY',
  'FREQ=DAILY;FREQ=WEEKLY',
  'FREQ=DAILY\nDTSTART:19000101',
  'FREQ=daily;;;=',
  '=',
];
const cursors = [
  '["created:asc","2026-01-01 00:00:00+00","x"]',
  '["created:asc",null,"019f0000-0000-7000-8000-000000000000"]',
  '["created:asc","99999-01-01 00:00:00","019f0000-0000-7000-8000-000000000000"]',
  '["2026-99-99T00:00:00Z","019f0000-0000-7000-8000-000000000000"]',
  '["2026-01-01T00:00:00Z","------------------------------------"]',
  '["99999-01-01","019f0000-0000-7000-8000-000000000000"]',
  '["+275760-09-13T00:00:00.000Z","019f0000-0000-7000-8000-000000000000"]',
  '["-271821-04-20T00:00:00.000Z","019f0000-0000-7000-8000-000000000000"]',
  '["Thu, 01 Jan 1970 00:00:00 GMT+9999","019f0000-0000-7000-8000-000000000000"]',
  '["2026","00000000-0000-0000-0000-000000000000"]',
  '[[],{}]',
  'null',
].map((text) => Buffer.from(text).toString('base64url'));
const others = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  [],
  {},
  [null],
  { length: 1e9 },
  { toString: ECHO, valueOf: 1 },
  deep(50),
  Array.from({ length: 300 }, () => ECHO),
];

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...texts) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
);

/** Each hostile value in each place of a request, one at a time: in parameters, in the body, inside the ops of a push. */
export function* sweep(
  operation: Operation,
  document: OpenApi,
  caller: { headers: Record<string, string>; id: string; own: string },
): Generator<Attack> {
  const { method, body } = operation;
  const address = operation.path.replace('{user_id}', caller.id).replace('{id}', caller.own);
  const needed = operation.query
    .filter(({ required }) => required)
    .map(({ name, schema }) => `${name}=${sample(schema, document, undefined, name)}`);
  const whole = (path: string, sent: unknown): Attack => {
    const bytes = sent === undefined ? undefined : Buffer.from(JSON.stringify(sent));
    const headers: Record<string, string> = bytes
      ? { 'content-type': 'application/json', 'content-length': String(bytes.length) }
      : {};
    return { method, path, headers: { ...caller.headers, ...headers }, body: bytes };
  };
  const usual = body && (sample(body, document) ?? {});
  for (const { name } of operation.query)
    for (const one of [...texts, ...rules.slice(0, 2), ...cursors])
      if (one.length < 4_000)
        yield whole(
          `${address}?${[...needed.filter((of) => !of.startsWith(`${name}=`)), `${name}=${encodeURIComponent(one.toWellFormed())}`].join('&')}`,
          usual,
        );
  if (!body) return;
  const put = (one: unknown): Attack => whole(needed.length > 0 ? `${address}?${needed.join('&')}` : address, one);
  if (operation.path.endsWith('/ops')) return yield* pushed(put, document);
  for (const { steps } of leaves(body, document))
    for (const one of [...texts, ...others, ...(nameOf(steps).endsWith('rule') ? rules : [])])
      yield put(sample(body, document, { steps, value: one }));
}

function* pushed(put: (body: unknown) => Attack, document: OpenApi): Generator<Attack> {
  for (const [of, read] of Object.entries(patches)) {
    const [entity = '', kind = ''] = of.split(' ');
    const schema = z.toJSONSchema(read, { io: 'input', unrepresentable: 'any' }) as Schema;
    for (const { steps } of leaves(schema, document))
      for (const one of [...texts, ...others, ...(nameOf(steps).endsWith('rule') ? rules : [])]) {
        const patch = sample(schema, document, { steps, value: one });
        // What is named exists: it is made by the op before.
        const id = v7();
        const first = { op: v7(), n: 1, kind: 'create', entity, id, patch: MADE[entity] };
        const then = { op: v7(), n: 2, kind, entity, id, patch };
        const ops = kind === 'create' || !MADE[entity] ? [{ ...then, n: 1 }] : [first, then];
        yield put({ client_id: v7(), schema: 1, ops });
      }
  }
}
const MADE: Record<string, object> = { task: { title: 'made' }, project: { name: 'made' } };

const nonsense: fc.Arbitrary<unknown> = fc.oneof(text, fc.constantFrom(...others), fc.jsonValue({ maxDepth: 3 }));

/** What the schema takes, mostly; with what it does not take in some place. */
function value(schema: Schema, document: OpenApi, name: string, ids: readonly string[]): fc.Arbitrary<unknown> {
  const of = resolved(schema, document);
  const forms = of.anyOf ?? of.oneOf;
  if (forms) return fc.oneof(...forms.map((form) => value(form, document, name, ids)));
  if (of.properties) {
    const required = new Set(of.required ?? []);
    const fields = Object.entries(of.properties).map(
      ([key, field]) =>
        [
          key,
          fc.option(value(field, document, key, ids), { freq: required.has(key) ? 40 : 1, nil: undefined }),
        ] as const,
    );
    const whole = fc.record(Object.fromEntries(fields));
    return oftenOr(
      whole,
      fc
        .tuple(whole, fc.constantFrom(...texts.slice(13, 16), 'user_id', 'role'), nonsense)
        .map(([base, key, extra]) => ({
          ...base,
          [key]: extra,
        })),
    );
  }
  if (of.items) return oftenOr(fc.array(value(of.items, document, name, ids), { maxLength: 4 }), nonsense);
  if (isId(of)) return oftenOr(fc.constantFrom(...ids), nonsense);
  if (name === 'rule') return fc.constantFrom('FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=MO,FR', ...rules);
  if (name === 'cursor') return fc.constantFrom(...cursors, ...texts);
  const right = sample(of, document, undefined, name);
  return oftenOr(of.enum ? fc.constantFrom(...of.enum) : fc.constant(right), nonsense);
}

const oftenOr = (right: fc.Arbitrary<unknown>, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 20, arbitrary: right }, { weight: 1, arbitrary: wrong });

const spelled = (one: unknown): string => (typeof one === 'string' ? one.toWellFormed() : (JSON.stringify(one) ?? ''));
const inAddress = fc.oneof(
  { weight: 3, arbitrary: text.map((one) => encodeURIComponent(one.toWellFormed()).slice(0, 3000)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%', '%E0%A4%A', '%00', '%zz', '%c0%af', '..%2f..', '%2e%2e', '%ff%fe', 'x'.repeat(250)),
  },
);

function query(operation: Operation, document: OpenApi, ids: readonly string[]): fc.Arbitrary<string> {
  const known = operation.query.map(({ name, required, schema }) =>
    fc.option(
      value(schema, document, name, ids).map((one) =>
        (Array.isArray(one) ? one : [one]).map((part) => `${name}=${encodeURIComponent(spelled(part))}`).join('&'),
      ),
      { freq: required ? 20 : 1, nil: '' },
    ),
  );
  const names = operation.query.map(({ name }) => name);
  const odd = fc.oneof(
    { weight: 9, arbitrary: fc.constant('') },
    fc
      .tuple(fc.constantFrom('nonsense', '__proto__', 'limit[]', 'a[b][c]', ...names), inAddress)
      .map(([name, of]) => `${name}=${of}`),
    fc.constantFrom(...names, 'x').map((name) => `${name}=1&${name}=2`),
    inAddress,
  );
  return fc.tuple(...known, odd).map((parts) => parts.filter(Boolean).join('&'));
}

const rawBodies: Buffer[] = [
  '',
  '{',
  '{"title": ',
  '{"title":"x",}',
  "{'title':'x'}",
  '{"title":NaN}',
  '{"title":1e999}',
  '{"title":"\\ud800"}',
  '{"title":"x","title":"y"}',
  '{"__proto__":{"role":"admin"},"title":"x"}',
  '{"constructor":{"prototype":{"role":"admin"}},"title":"x"}',
  'null',
  'true',
  '7',
  '"text"',
  '[]',
  `[{"title":"${ECHO}"}]`,
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  `{"title":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`,
  `{"title":"${'x'.repeat(600_000)}"}`,
  '\ufeff{"title":"x"}',
  'title=x&due_date=2026-01-01',
  '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
].map((one) => Buffer.from(one));
rawBodies.push(
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from('{"title":"x"}', 'utf16le'),
  Buffer.alloc(64),
);

const types = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'application/json;charset=',
  'application/problem+json',
  'text/plain',
  'text/html',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/octet-stream',
  'nonsense',
  'a/b; c="',
  '*/*',
];
const oddHeaders: [string, string][] = [
  ['idempotency-key', 'k'.repeat(201)],
  ['idempotency-key', `key ${ECHO}`],
  ['idempotency-key', 'one and the same'],
  ['idempotency-key', '\u00e4\u00ff'],
  ['if-match', '"1"'],
  ['if-match', 'W/"99999999999999999999999999"'],
  ['if-match', `"${ECHO}"`],
  ['if-match', '*'],
  ['x-request-id', ECHO.repeat(9)],
  ['x-request-id', '<script>'],
  ['traceparent', '00-00000000000000000000000000000000-0000000000000000-00'],
  ['traceparent', `00-${ECHO}`],
  ['accept-encoding', 'gzip;q=nonsense, br, *'],
  ['accept', 'text/html'],
  ['content-encoding', 'gzip'],
  ['range', 'bytes=0-1,999-'],
  ['if-none-match', '*'],
  ['x-forwarded-for', `127.0.0.1, ${ECHO}`],
  ['x-forwarded-host', `${ECHO}.example`],
  ['x-http-method-override', 'DELETE'],
  ['host', `${ECHO}.example:99999`],
  ['expect', '100-continue'],
  ['cookie', `taskmaster.session_token=${ECHO}; __proto__=1`],
  ['authorization', `Basic ${ECHO}`],
  ['authorization', 'Bearer '],
  ['authorization', `Bearer tm_${ECHO}`],
];

/** Requests to one operation: mostly nearly right, always with something that is not. */
export function attacks(
  operation: Operation,
  document: OpenApi,
  caller: { headers: Record<string, string>; id: string; ids: readonly string[] },
): fc.Arbitrary<Attack> {
  const id = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...caller.ids) }, { weight: 1, arbitrary: inAddress });
  const self = fc.oneof({ weight: 12, arbitrary: fc.constant(caller.id) }, { weight: 1, arbitrary: inAddress });
  const shaped = operation.body
    ? fc
        .oneof(value(operation.body, document, '', caller.ids), nonsense)
        .map((one) => Buffer.from(JSON.stringify(one) ?? ''))
    : fc.constant(undefined);
  const body =
    operation.method === 'GET'
      ? fc.constant(undefined)
      : fc.oneof({ weight: 8, arbitrary: shaped }, { weight: 1, arbitrary: fc.constantFrom(...rawBodies) });
  return fc
    .record({
      id,
      self,
      query: query(operation, document, caller.ids),
      body,
      type: fc.oneof(
        { weight: 20, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom(...types) },
      ),
      odd: fc.oneof(
        { weight: 8, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.subarray(oddHeaders, { maxLength: 2 }) },
      ),
    })
    .map((one) => ({
      method: operation.method,
      path: `${operation.path.replace('{user_id}', one.self).replace('{id}', one.id)}${one.query ? `?${one.query}` : ''}`,
      headers: {
        ...caller.headers,
        ...(one.body === undefined ? {} : { 'content-type': one.type, 'content-length': String(one.body.length) }),
        ...Object.fromEntries(one.odd),
      },
      body: one.body,
    }));
}
