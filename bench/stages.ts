import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OtlpSink, otlpSink, type Span } from '../test/support/otlp-sink.ts';
import { HttpConnection } from './connection.ts';
import { distribution, type Figure, milliseconds } from './figures.ts';
import { watchOthers } from './machine.ts';
import { openSocket } from './sockets.ts';
import { openStackPlace } from './stack-place.ts';
import { atRate } from './writes.ts';

const RATE = 30;

/** Where the time of one event goes, by the spans that services say of it: a stack of its own, which says them. */
export async function stages(seconds: number): Promise<Figure[]> {
  const sink = await otlpSink();
  const place = await openStackPlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
  try {
    const [person] = await place.people(1);
    if (!person) return [];
    const connection = await HttpConnection.open(place.url);
    const frames = new Map<string, number>();
    const socket = await openSocket(connection, person, ({ events = [] }) => {
      for (const { entity_id } of events) frames.set(entity_id, performance.timeOrigin + performance.now());
    });
    const tasksByTrace = new Map<string, string>();
    const act = async () => {
      const id = randomUUID();
      const trace_id = randomBytes(16).toString('hex');
      const answer = await fetch(`${place.url}/api/tasks`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${person.token}`,
          'content-type': 'application/json',
          traceparent: `00-${trace_id}-${randomBytes(8).toString('hex')}-01`,
        },
        body: JSON.stringify({ id, title: 'Followed on its way' }),
      });
      if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
      await answer.arrayBuffer();
      tasksByTrace.set(trace_id, id);
    };
    await atRate(RATE, 3, act);
    tasksByTrace.clear();
    const others = watchOthers();
    await atRate(RATE, seconds, act);
    const share = others();
    // Spans are sent each second.
    await sleep(3_000);
    socket.terminate();
    connection.close();
    return table(sink, tasksByTrace, frames).map(([what, took]) => {
      const found = distribution(took);
      return {
        what: `one event at ${RATE}/s: ${what}`,
        value: milliseconds(found),
        spread: '',
        must: '',
        reached: undefined,
        ...(share === undefined ? {} : { others: share }),
        numbers: { ...found },
      };
    });
  } finally {
    await place.end();
    await sink.close();
  }
}

/** Milliseconds of each stage, of every event whose spans all came. */
function table(
  sink: OtlpSink,
  tasksByTrace: ReadonlyMap<string, string>,
  frames: ReadonlyMap<string, number>,
): [string, number[]][] {
  const names = [
    'request',
    'log → publish',
    'publish',
    'broker → consumer',
    'effect',
    'broker → sync',
    'sync → device',
  ];
  const found = new Map(names.map((name) => [name, [] as number[]]));
  const add = (name: string, milliseconds: number) => found.get(name)?.push(milliseconds);
  const spansByTrace = new Map<string, Span[]>();
  for (const span of sink.spans) spansByTrace.set(span.trace_id, [...(spansByTrace.get(span.trace_id) ?? []), span]);
  for (const [trace_id, task] of tasksByTrace) {
    const spans = spansByTrace.get(trace_id) ?? [];
    const one = (service: string, name: string): Required<Span> | undefined =>
      spans.find((span): span is Required<Span> => span.service === service && span.name.startsWith(name));
    const request = one('api', 'POST');
    const [events, updates] = [one('api', 'publish task-events'), one('api', 'publish task-updates')];
    const seen = one('sync', 'observe');
    const frame = frames.get(task);
    if (!request || !events || !updates || !seen || !frame) continue;
    add('request', request.ended - request.began);
    add('log → publish', events.began - request.ended);
    add('publish', events.ended - events.began);
    for (const consumer of ['recurring', 'notification', 'audit']) {
      const effect = one(consumer, 'process');
      if (!effect) continue;
      add('broker → consumer', effect.began - events.ended);
      add('effect', effect.ended - effect.began);
    }
    add('broker → sync', seen.began - updates.ended);
    add('sync → device', frame - seen.ended);
  }
  return [...found];
}
