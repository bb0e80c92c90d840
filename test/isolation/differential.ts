import { patches } from '@taskmaster/contracts/sync/ops';
import { v7 } from 'uuid';
import { z } from 'zod';
import { callAt, type Person } from '../support/running-services.ts';
import { type Estate, type Holdings, UUID } from './estate.ts';
import type { OpenApi, Operation, Schema } from './operations.ts';
import { isId, leaves, nameOf, objects, sample } from './samples.ts';

/** Who calls, and with what. None of them may see or change anything of the estate. */
export interface Role {
  name: string;
  headers: Record<string, string>;
  /** Whose id stands where an address names its caller. */
  self: string;
  /** Nothing that this one sends is answered but with this, from what is open to nobody without an account. */
  always?: number;
  /** Writes nothing: each try is 403. */
  reads?: true;
  /** Runs the place: may see what `SEEN_BY_WHO_RUNS_IT` names. */
  runs?: true;
  /** Only these are called; everything where it does not say. */
  only?: 'writes';
  /** One call an operation with the id it is meant for is enough. */
  brief?: true;
}

interface Call {
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** What is tried, for whoever reads of it. */
  what: string;
  /** The statuses that alone are right; where it does not say, whatever shows and changes nothing. */
  right?: readonly number[];
}

/** What an administrator is meant to see of others: who is here, what happened, what could not be handled. */
export const SEEN_BY_WHO_RUNS_IT =
  /^GET \/api\/(?:admin\/users|audit-logs|audit-logs\/verify|audit-logs\/export|admin\/\w+\/dead-letters(?:\/\{id\})?)$/;
/** And to do with it. */
const DONE_BY_WHO_RUNS_IT = /^POST \/api\/admin\//;
const FORBIDDEN = [403, 404];
/** Nobody asked for these; whoever takes them from a body lets a person become somebody else. */
const EXTRA = {
  user_id: v7(),
  userId: v7(),
  workspace_id: v7(),
  workspaceId: v7(),
  owner_id: v7(),
  role: 'admin',
  is_admin: true,
  email_verified: true,
  actor: { kind: 'user', id: v7() },
  deleted_at: null,
  version: 1,
};

export interface Finding {
  operation: string;
  role: string;
  what: string;
  wrong: string;
}
export interface Tally {
  operation: string;
  calls: Record<string, number>;
  leaks: number;
  changes: number;
  wrong: number;
}
export interface Differential {
  tallies: Tally[];
  findings: Finding[];
}

/** Calls every operation as every role with everything of the estate in every place, and looks what it shows and changes. */
export async function differential(options: {
  url: string;
  document: OpenApi;
  operations: readonly Operation[];
  estate: Estate;
  roles: readonly Role[];
  holdings: Holdings;
}): Promise<Differential> {
  const { url, estate, holdings, roles } = options;
  const findings: Finding[] = [];
  const tallies: Tally[] = [];
  /** Ids that somebody took for things of their own: theirs from then on. */
  const taken = new Set<string>();
  // What makes things of ids that the caller gives comes last: until then no id of hers is anybody else's.
  const turn = ({ method, path }: Operation) =>
    method === 'GET' ? 0 : path.endsWith('/ops') ? 3 : path.includes('{id}') ? 1 : 2;
  let before = await holdings.of(estate.person);
  for (const operation of [...options.operations].sort((a, b) => turn(a) - turn(b))) {
    const tally: Tally = { operation: operation.name, calls: {}, leaks: 0, changes: 0, wrong: 0 };
    tallies.push(tally);
    for (const role of roles) {
      const calls = callsOf(operation, role, options);
      tally.calls[role.name] = calls.length;
      const report = (what: string, wrong: string) =>
        findings.push({ operation: operation.name, role: role.name, what, wrong });
      for (const call of calls) {
        const answer = await callAt(url, call.method, call.path, call.body, { ...role.headers, ...call.headers });
        const sent = `${call.path} ${JSON.stringify(call.body ?? '')} ${JSON.stringify(call.headers ?? '')}`;
        const shown = `${[...answer.headers].join('\n')}\n${answer.text}`;
        const seen = leaked(shown, sent, estate, taken);
        if (seen && !(role.runs && SEEN_BY_WHO_RUNS_IT.test(operation.name))) {
          tally.leaks++;
          report(call.what, `${answer.status} shows ${seen}`);
        }
        if (answer.headers.has('idempotent-replayed')) {
          tally.leaks++;
          report(call.what, 'an answer of hers is given again');
        }
        const right = rightFor(operation, role, call);
        if (right && !right.includes(answer.status)) {
          tally.wrong++;
          report(call.what, `${answer.status}, not ${right.join(' or ')}`);
        }
        if (answer.status >= 500) {
          tally.wrong++;
          report(call.what, `${answer.status}`);
        }
        if (answer.status < 300 && call.method !== 'GET') for (const id of sent.match(UUID) ?? []) taken.add(id);
      }
      const after = await holdings.of(estate.person);
      for (const changed of differences(before, after)) {
        tally.changes++;
        report('all of them', `changed ${changed}`);
      }
      before = after;
    }
  }
  return { tallies, findings };
}

export const differences = (before: Record<string, string>, after: Record<string, string>): string[] =>
  Object.keys(after).flatMap((at) =>
    before[at] === after[at] ? [] : [`${at} (${before[at]?.split(',')[0]} → ${after[at]?.split(',')[0]})`],
  );

/** Something of the estate that the caller did not send; undefined where there is nothing. */
export function leaked(shown: string, sent: string, estate: Estate, taken?: ReadonlySet<string>): string | undefined {
  if (shown.includes(estate.mark) && !sent.includes(estate.mark)) return 'words of hers';
  // What was asked for may be said again, word by word, and no word more.
  if (shown.includes(estate.mark)) {
    const words = shown.split(/[^\w@. -]+/).find((part) => part.includes(estate.mark) && !sent.includes(part.trim()));
    if (words) return `words of hers beyond what was asked`;
  }
  const id = (shown.match(UUID) ?? []).find((one) => estate.all.has(one) && !sent.includes(one) && !taken?.has(one));
  return id && `an id of hers: ${Object.entries(estate.ids).find(([, of]) => of === id)?.[0] ?? 'some row'}`;
}

function rightFor(operation: Operation, role: Role, call: Call): readonly number[] | undefined {
  if (operation.open) return undefined;
  if (role.always) return [role.always];
  const writes = operation.method !== 'GET' && !/\/(?:parse|preview)$/.test(operation.path);
  if (role.reads && writes) return [403];
  if (operation.path.startsWith('/api/admin/')) return role.runs ? undefined : [403];
  if (role.reads && /^\/api\/(?:tokens|workspaces\/\{id\}|sync)/.test(operation.path)) return [403];
  return call.right;
}

type Options = Pick<Parameters<typeof differential>[0], 'document' | 'estate'>;

function callsOf(operation: Operation, role: Role, options: Options): Call[] {
  const writes = operation.method !== 'GET';
  if (role.only === 'writes' && !writes) return [];
  // An administrator makes backups, links and invitations: that it is the administrator's to do is tested elsewhere.
  if (role.runs && DONE_BY_WHO_RUNS_IT.test(operation.name)) return [];
  const named = operation.path.includes('{id}') ? namedCalls(operation, role, options) : [];
  const plain = operation.path.includes('{id}') ? [] : [bare(operation, role.self, options)];
  const aliased = operation.isAlias ? [otherPerson(operation, options)] : [];
  const few = [...named.slice(0, 1), ...plain, ...aliased];
  const calls = role.brief
    ? few
    : [
        ...few,
        ...named.slice(1),
        ...queryCalls(operation, role, options),
        ...bodyCalls(operation, role, options),
        ...keyCalls(operation, options),
        ...extraCalls(operation, role, options),
      ];
  const heads = writes
    ? []
    : calls.slice(0, 3).map((call) => ({ ...call, method: 'HEAD', what: `HEAD: ${call.what}` }));
  return [...calls, ...heads];
}

/** What a kind of address is meant for comes first. */
const MEANT_FOR: [RegExp, string][] = [
  [/\/tasks\//, 'task'],
  [/\/projects\//, 'project'],
  [/\/tags\//, 'tag'],
  [/\/tokens\//, 'token'],
  [/\/notifications\//, 'notification'],
  [/\/workspaces\//, 'workspace'],
  [/\/dead-letters\//, 'letter'],
];

const addressed = (operation: Operation, self: string, id = v7()): string =>
  operation.path.replace('{user_id}', self).replace('{id}', id);

function withQuery(path: string, query: Record<string, unknown>): string {
  const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/** A request that is right but for what is put into it. */
function bare(operation: Operation, self: string, { document }: Options, id?: string): Call {
  const query = Object.fromEntries(
    operation.query
      .filter((one) => one.required)
      .map(({ name, schema }) => [name, sample(schema, document, undefined, name)]),
  );
  return {
    method: operation.method,
    path: withQuery(addressed(operation, self, id), query),
    ...(operation.body ? { body: sample(bodyOf(operation.body), document) ?? {} } : {}),
    what: 'as it is',
  };
}

/** `null` is a body too, but says less. */
const bodyOf = (schema: Schema): Schema => schema.anyOf?.find((form) => form.type === 'object') ?? schema;

/** Each id of hers in the address; also with her position and with the version that she sees. */
function namedCalls(operation: Operation, role: Role, options: Options): Call[] {
  const { estate } = options;
  const first = MEANT_FOR.find(([path]) => path.test(operation.path))?.[1] ?? '';
  const kinds = [first, ...Object.keys(estate.ids).filter((kind) => kind !== first)].filter(
    (kind) => kind in estate.ids,
  );
  const calls = kinds.map(
    (kind): Call => ({
      ...bare(operation, role.self, options, estate.ids[kind]),
      what: `her ${kind} in the address`,
      right: FORBIDDEN,
    }),
  );
  const own = calls[0];
  return own ? [...calls, { ...own, headers: { 'if-match': '"1"' }, what: 'If-Match of hers' }] : calls;
}

const otherPerson = (operation: Operation, options: Options): Call => ({
  ...bare(operation, options.estate.person.id, options),
  what: 'her id as the one who calls',
  right: FORBIDDEN,
});

/** Her ids, words and positions in each parameter. */
function queryCalls(operation: Operation, role: Role, options: Options): Call[] {
  const { estate, document } = options;
  return operation.query.flatMap(({ name, schema }) => {
    const values = [
      ...(leaves(schema, document).some((place) => isId(place.schema)) ? Object.values(estate.ids) : []),
      ...(['q', 'tag', 'tags'].includes(name) ? [estate.tag, `${estate.mark} title`] : []),
      ...(name === 'cursor' ? Object.values(estate.cursors) : []),
      ...(name === 'status' ? ['all', 'deleted', 'completed'] : []),
      ...(name === 'sort' ? ['due_date', 'title', 'manual'] : []),
    ];
    return values.map((value): Call => {
      const { path, ...call } = bare(operation, role.self, options, ownId(operation, role));
      const [address = '', rest] = path.split('?');
      const query = { ...Object.fromEntries(new URLSearchParams(rest)), [name]: value };
      return { ...call, path: withQuery(address, query), what: `something of hers as ${name}` };
    });
  });
}

/** An address that the caller may go to, so that what else is sent is looked at. */
const ownIds = new Map<string, string>();
export const rememberOwn = (role: string, kind: string, id: string) => void ownIds.set(`${role} ${kind}`, id);
function ownId(operation: Operation, role: Role): string | undefined {
  const kind = MEANT_FOR.find(([path]) => path.test(operation.path))?.[1] ?? '';
  return ownIds.get(`${role.name} ${kind}`);
}

/** Her ids in every place of the body where an id may stand, at any depth; for a push also inside every kind of op. */
function bodyCalls(operation: Operation, role: Role, options: Options): Call[] {
  const { estate, document } = options;
  if (!operation.body) return [];
  const body = bodyOf(operation.body);
  const own = bare(operation, role.self, options, ownId(operation, role));
  const calls = leaves(body, document)
    .filter((place) => isId(place.schema))
    .flatMap(({ steps }) =>
      Object.entries(estate.ids).map(
        ([kind, id]): Call => ({
          ...own,
          body: sample(body, document, { steps, value: id }),
          what: `her ${kind} as ${nameOf(steps)}`,
        }),
      ),
    );
  return operation.path.endsWith('/ops') ? [...calls, ...opCalls(own, options)] : calls;
}

function opCalls(own: Call, { estate, document }: Options): Call[] {
  return Object.entries(patches).flatMap(([of, read]) => {
    const [entity = '', kind = ''] = of.split(' ');
    const schema = z.toJSONSchema(read, { io: 'input', unrepresentable: 'any' }) as Schema;
    const push = (id: string | undefined, patch: unknown, what: string): Call => ({
      ...own,
      body: { client_id: v7(), schema: 1, ops: [{ op: v7(), n: 1, kind, entity, id: id ?? v7(), patch }] },
      what,
    });
    const named = Object.entries(estate.ids).map(([what, id]) =>
      push(id, sample(schema, document), `her ${what} in ${of}`),
    );
    const inside = leaves(schema, document)
      .filter((place) => isId(place.schema))
      .flatMap(({ steps }) =>
        ['task', 'child', 'project', 'deleted', 'tag', 'workspace'].map((what) =>
          push(
            undefined,
            sample(schema, document, { steps, value: estate.ids[what] }),
            `her ${what} in ${of}, ${nameOf(steps)}`,
          ),
        ),
      );
    return [...named, ...inside];
  });
}

/** Her requests with their keys, as she sent them; her keys with anything else. */
function keyCalls(operation: Operation, { estate }: Options): Call[] {
  const pattern = new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
  return estate.keys
    .filter(({ method, path }) => method === operation.method && pattern.test(path))
    .map(
      ({ key, method, path }): Call => ({
        method,
        path,
        // Words of hers were never known to the caller: what is asked for is any thing, under her key.
        body: operation.path.endsWith('/quick') ? { text: 'plain words' } : { title: 'plain words' },
        headers: { 'idempotency-key': key },
        what: 'her key',
      }),
    );
}

/** Fields that make somebody else of whoever sends them, in every object of the body. */
function extraCalls(operation: Operation, role: Role, options: Options): Call[] {
  const { document } = options;
  if (!operation.body) return [];
  const body = bodyOf(operation.body);
  const own = bare(operation, role.self, options, ownId(operation, role));
  return objects(body, document).flatMap(({ steps, schema }) =>
    Object.entries(EXTRA)
      .filter(([field]) => !(field in (schema.properties ?? {})) && schema.additionalProperties === false)
      .map(([field, value]): Call => {
        const inner = sample(schema, document) as object;
        return {
          ...own,
          body: sample(body, document, { steps, value: { ...inner, [field]: value } }),
          what: `an extra ${field} in ${nameOf(steps) || 'the body'}`,
          right: [404, 422],
        };
      }),
  );
}

/** Something of the caller's own of each kind, so that more than the address is looked at. */
export async function ownThings(role: string, person: Person): Promise<void> {
  const made = async (kind: string, path: string, body: object) =>
    rememberOwn(role, kind, (await person.call('POST', path, body)).json.id);
  await made('task', '/api/tasks', { title: 'mine', due_date: '2032-01-01', recurrence: { rule: 'FREQ=WEEKLY' } });
  await made('project', '/api/projects', { name: 'mine' });
  await made('tag', '/api/tags', { name: 'mine' });
  rememberOwn(role, 'workspace', person.workspace);
}
