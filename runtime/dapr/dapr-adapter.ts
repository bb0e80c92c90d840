import { timingSafeEqual } from 'node:crypto';
import type { Event } from '@taskmaster/contracts/events/event';
import { isSequenced, type Topic } from '@taskmaster/contracts/events/types';
import { Problem, type ProblemBody, problemSchema } from '@taskmaster/contracts/problems';
import type { AnswerOf, InputOf, Question } from '@taskmaster/contracts/questions';
import type { AppAnswer, AppChannel, SidecarCall } from '../app-channel.ts';
import { isInfrastructureError } from '../infrastructure-error.ts';
import type { Adapter } from '../runtime.ts';
import type { Logger, Metrics } from '../telemetry.ts';
import { createServiceTokens } from './service-token.ts';
import { createSidecarClient, must, SidecarAway } from './sidecar.ts';
import { createDaprStateStore } from './state-store.ts';
import { Timers } from './timers.ts';

export interface DaprAdapterOptions {
  /** This service's app id; its consumer group on every topic. */
  app_id: string;
  sidecar: { url: string; token: string };
  /** What the sidecar sends with every call to the app. */
  app_token: string;
  /** Of this place: services know each other by it. */
  secret: string;
  components: { pubsub: string; state: string };
  /** The app id of the service that answers it. */
  answeredBy(question: Question): string;
  log: Logger;
  metrics: Metrics;
}

export interface DaprAdapter extends Adapter, AppChannel {}

/** A batch goes out well below the megabyte that brokers take of one message and the four that daprd takes of one request. */
const MOST_IN_A_BATCH = 500;
const BYTES_IN_A_BATCH = 1_000_000;
/** What Dapr writes into an envelope that is ours. */
const ADDED = new Set(['topic', 'pubsubname', 'traceid', 'tracestate', 'expiration']);
/** Until it was taken: the service looks into its tables, and says no more often than that. */
const JOB_AGAIN = { constant: { interval: '30s' } };

const done: AppAnswer = { status: 200 };
/** Not able to now: the carrier tries three times more, and keeps what it has while `/ready` says the same. What a handler cannot do is held in the inbox, and done. */
const notNow: AppAnswer = { status: 503 };

/** Each service in a process of its own, a sidecar beside it, a broker between: see decisions/0012. */
export function createDaprAdapter(options: DaprAdapterOptions): DaprAdapter {
  const { log, metrics, components } = options;
  const sidecar = createSidecarClient(options.sidecar);
  const state = createDaprStateStore(sidecar, components.state);
  const timers = new Timers(state, log);
  const tokens = createServiceTokens(options.secret, options.app_id);
  const subscribers = new Map<string, Map<string, (events: readonly Event[]) => Promise<void>>>();
  const observers = new Map<string, ((event: Event) => void)[]>();
  const replies = new Map<string, (input: never) => Promise<unknown>>();
  const wakers = new Map<string, { name: string; run: () => Promise<void> }>();

  async function publish(topic: Topic, events: readonly Event[]): Promise<void> {
    // The sidecar's own spans are of one trace; a batch of several acts gets one for itself.
    const [traceparent, ...others] = new Set(events.map((event) => event.traceparent));
    const headers: Record<string, string> = traceparent && others.length === 0 ? { traceparent } : {};
    for (const entries of batchesOf(events.map(entryOf))) {
      const path = `/v1.0/publish/bulk/${components.pubsub}/${topic}`;
      must(await sidecar.send('POST', path, { json: `[${entries.join(',')}]`, headers }), `${topic} not published`);
    }
  }

  async function ask<Q extends Question>(question: Q, input: InputOf<Q>): Promise<AnswerOf<Q>> {
    const own = replies.get(question);
    if (own) return (await own(input as never)) as never;
    const app = options.answeredBy(question);
    const answer = await sidecar.send('POST', `/v1.0/invoke/${app}/method/ask/${question}`, {
      body: input,
      headers: { authorization: `Bearer ${await tokens.issue(app)}` },
    });
    if (answer.status === 200) return JSON.parse(answer.text) as AnswerOf<Q>;
    throw problemOf(answer.text, answer.headers['retry-after']) ?? new SidecarAway(`${question}: ${answer.status}`);
  }

  /** All of them or none: what is taken twice has its effect once. */
  async function receiveEvents(topic: string, body: unknown): Promise<AppAnswer> {
    const groups = subscribers.get(topic);
    const batch = batchOf(body);
    if (!groups || !batch) return notNow;
    try {
      if (batch.foreign.length > 0) await putAside(topic, batch.foreign);
      await Promise.all([...groups.values()].map((receive) => receive(batch.events)));
      return allTaken(batch);
    } catch (error) {
      log.warn({ topic, event_id: batch.events[0]?.id, err: String(error) }, 'not taken, will come again');
      return notNow;
    }
  }

  /**
   * What is no event goes to the dead-letter topic. Not by answering DROP: where a batch has an entry that is no JSON, daprd
   * counts entries differently before and after, and takes another or ends itself.
   */
  async function putAside(topic: string, foreign: readonly Entry[]): Promise<void> {
    log.error({ topic, count: foreign.length }, 'what came is no event, to the dead-letter topic');
    const entries = foreign.map(({ entryId, event }) => ({
      entryId,
      event: JSON.stringify(event),
      contentType: 'text/plain',
    }));
    const path = `/v1.0/publish/bulk/${components.pubsub}/${topic}-dlq`;
    must(await sidecar.send('POST', path, { body: entries }), `${topic}-dlq not published`);
    metrics.putAside.inc({ topic }, foreign.length);
  }

  function receiveFanOut(topic: string, body: unknown): AppAnswer {
    const batch = batchOf(body);
    if (!batch) return notNow;
    for (const event of batch.events) for (const see of observers.get(topic) ?? []) see(event);
    return allTaken(batch);
  }

  async function receiveJob(id: string, body: unknown): Promise<AppAnswer> {
    const waker = wakers.get(id);
    if (!waker) return notNow;
    const at = Date.parse((body as { at?: string } | null)?.at ?? '');
    const early = at - Date.now();
    if (early > 0) await new Promise((go) => setTimeout(go, early));
    log.debug({ job: waker.name }, 'woken');
    await waker.run().catch((error) => log.warn({ job: waker.name, err: String(error) }, 'wake-up failed'));
    return done;
  }

  async function reply(question: string, { headers, body }: SidecarCall): Promise<AppAnswer> {
    const authorization = String(headers.authorization ?? '');
    const asker = await tokens.read(authorization.replace(/^Bearer /, '')).catch(() => undefined);
    if (asker === undefined)
      return refusal(new Problem('unauthenticated', 'Questions are for the services of this place.'));
    const answer = replies.get(question);
    if (!answer) return refusal(new Problem('not_found'));
    try {
      return { status: 200, body: (await answer(body as never)) as object };
    } catch (error) {
      if (error instanceof Problem) return refusal(error);
      log.warn({ question, asker, err: String(error) }, 'a question was not answered');
      return refusal(new Problem(isInfrastructureError(error) ? 'unavailable' : 'internal'));
    }
  }

  const tokenGiven = Buffer.from(options.app_token);
  function isSidecar(given: unknown): boolean {
    const token = Buffer.from(typeof given === 'string' ? given : '');
    return token.length === tokenGiven.length && timingSafeEqual(token, tokenGiven);
  }

  return {
    publish,
    ask,
    state,
    refusalOf({ path, headers }) {
      // An app that invokes this one comes by our own sidecar, with its token: nothing but questions is for other apps.
      const isForeign = !path.startsWith('/ask/') && headers['dapr-caller-app-id'] !== undefined;
      if (isForeign || !isSidecar(headers['dapr-api-token']))
        return refusal(new Problem('forbidden', 'For the sidecar alone.'));
      return undefined;
    },
    async receive(call) {
      const [, kind, name = ''] = /^\/([a-z]+)\/([^/?]+)$/.exec(call.path) ?? [];
      if (kind === 'events') return receiveEvents(name, call.body);
      if (kind === 'observe') return receiveFanOut(name, call.body);
      if (kind === 'job') return receiveJob(decodeURIComponent(name), call.body);
      if (kind === 'ask') return reply(name, call);
      // Anything else would be taken as done.
      if (kind !== 'cron') return notNow;
      timers.tick();
      return done;
    },
    subscribe(topic, group, receive) {
      const groups = subscribers.get(topic) ?? new Map();
      if (groups.has(group)) throw new Error(`Two consumers of ${topic} are called ${group}.`);
      subscribers.set(topic, groups.set(group, receive));
    },
    fanOut: (topic, see) => void observers.set(topic, [...(observers.get(topic) ?? []), see]),
    answer: (question, answer) => void replies.set(question, answer as never),
    every: (name, milliseconds, run) => timers.every(name, milliseconds, run),
    wake: {
      async at(name, at) {
        const id = jobIdOf(name);
        if (!wakers.has(id)) throw new Error(`Nobody wakes for ${name}.`);
        const due = Math.max(Date.parse(at), Date.now());
        const body = {
          data: { at },
          dueTime: new Date(due).toISOString(),
          overwrite: true,
          failurePolicy: JOB_AGAIN,
        };
        await sidecar
          .send('POST', `/v1.0/jobs/${id}`, { body })
          .then((answer) => must(answer, 'not scheduled'))
          // A wake-up may be lost.
          .catch((error) => log.warn({ job: name, err: String(error) }, 'no wake-up: the next look finds it'));
      },
      onWake: (name, run) => void wakers.set(jobIdOf(name), { name, run }),
    },
    rest: () => timers.rest(),
    async stop() {
      await timers.stop();
      await sidecar.close();
    },
  };
}

/** An event as bulk publish takes it, written once: its size decides the batch, and it is sent as it is. */
const entryOf = (event: Event): string =>
  JSON.stringify({
    entryId: event.id,
    // A trace goes on only where both say the same.
    event: 'traceparent' in event ? { ...event, traceid: event.traceparent } : event,
    contentType: 'application/cloudevents+json',
    metadata: { partitionKey: event.data.workspace_id },
  });

function* batchesOf(entries: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = Buffer.byteLength(entry);
    if (batch.length === MOST_IN_A_BATCH || (batch.length > 0 && bytes + size > BYTES_IN_A_BATCH)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** One of those that a sidecar brings together. */
interface Entry {
  readonly entryId: string;
  readonly event?: unknown;
}
interface Batch {
  readonly entries: readonly Entry[];
  readonly events: readonly Event[];
  /** Of the entries, those that are no event of ours. */
  readonly foreign: readonly Entry[];
}

/** https://docs.dapr.io/developing-applications/building-blocks/pubsub/pubsub-bulk: undefined where it is none. */
function batchOf(body: unknown): Batch | undefined {
  const entries = (body as { entries?: Entry[] } | null)?.entries;
  if (!Array.isArray(entries) || !entries.every((entry) => typeof entry?.entryId === 'string')) return undefined;
  const events: Event[] = [];
  const foreign: Entry[] = [];
  for (const entry of entries) {
    const event = eventOf(entry.event);
    if (event) events.push(event);
    else foreign.push(entry);
  }
  return { entries, events, foreign };
}

const allTaken = ({ entries }: Batch): AppAnswer => ({
  status: 200,
  body: { statuses: entries.map(({ entryId }) => ({ entryId, status: 'SUCCESS' })) },
});

/** As it was published: what Dapr added is taken off. Undefined where it is no event of ours. */
function eventOf(body: unknown): Event | undefined {
  const given = body as Partial<Event> | null;
  if (!isUuid(given?.id) || typeof given.type !== 'string' || !isUuid(given.data?.workspace_id)) return undefined;
  // What has a place in the order of its workspace must say which.
  if (isSequenced(given.type) && !Number.isSafeInteger((given.data as { sequence?: unknown }).sequence))
    return undefined;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !ADDED.has(name))) as unknown as Event;
}

/** As the tables want it: one that is none would fail with the whole batch. */
const isUuid = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

const jobIdOf = (name: string): string => name.replaceAll(/[^a-zA-Z0-9-]+/g, '-');

function refusal(problem: Problem): AppAnswer {
  return {
    status: problem.status,
    body: problem.body(),
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.retryAfter ? { 'retry-after': String(problem.retryAfter) } : {}),
    },
  };
}

/** A refusal that travelled. */
function problemOf(text: string, retryAfter: unknown): Problem | undefined {
  let body: ProblemBody;
  try {
    body = problemSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
  const { type: _type, title: _title, status: _status, request_id: _id, code, detail, errors, ...extra } = body;
  return new Problem(code, detail, errors, extra, retryAfter ? Number(retryAfter) : undefined);
}
