import { randomBytes } from 'node:crypto';
import type { Event } from '@taskmaster/contracts/events/event';
import { topicOf } from '@taskmaster/contracts/events/types';
import { currentTrail, type Logger, withTrail } from './telemetry.ts';

type Attributes = Readonly<Record<string, string | number>>;
/** As OTLP numbers them. */
const KINDS = { server: 2, producer: 4, consumer: 5 } as const;

interface Ended {
  service: string;
  trace_id: string;
  span_id: string;
  parent_id: string;
  name: string;
  kind: keyof typeof KINDS;
  began: bigint;
  ended: bigint;
  attributes: Attributes;
  failed: boolean;
}

export interface Span {
  /** Of whatever is done within it. */
  readonly traceparent: string;
  end(more?: { attributes?: Attributes; name?: string; failed?: boolean }): void;
}
interface SpanOptions {
  service: string;
  name: string;
  kind: keyof typeof KINDS;
  /** W3C Trace Context; the trace of what is in hand, unless told. One that is not sampled gets no span. */
  parent?: string | undefined;
  attributes?: Attributes;
}

let queue: Ended[] | undefined;

/** What a span says of an event: nothing that is in it. */
export const spanAttributesOf = (event: Event): Attributes => ({
  'messaging.destination.name': topicOf(event.type),
  'messaging.message.id': event.id,
  'cloudevents.event_type': event.type,
});

/** Undefined where traces go nowhere: a trace then passes through as it came. */
export function startSpan({
  service,
  name,
  kind,
  parent = currentTrail()?.traceparent,
  attributes = {},
}: SpanOptions): Span | undefined {
  if (!queue) return undefined;
  const [, trace_id, parent_id, flags] = /^00-(\w{32})-(\w{16})-(\w{2})$/.exec(parent ?? '') ?? [];
  if (!trace_id || !parent_id || !(Number.parseInt(flags ?? '', 16) & 1)) return undefined;
  const span_id = randomBytes(8).toString('hex');
  const began = now();
  return {
    traceparent: `00-${trace_id}-${span_id}-${flags}`,
    end({ attributes: more = {}, name: named = name, failed = false } = {}) {
      if (!queue || queue.length >= MOST_WAITING) return;
      const all = { ...attributes, ...more };
      queue.push({
        service,
        trace_id,
        span_id,
        parent_id,
        name: named,
        kind,
        began,
        ended: now(),
        attributes: all,
        failed,
      });
    },
  };
}

/** Does it within a span of what is in hand. What it fails with is not said: it might be about somebody's tasks. */
export async function withSpan<R>(options: SpanOptions, work: () => Promise<R>): Promise<R> {
  const span = startSpan(options);
  const trail = currentTrail();
  if (!span || !trail) return work();
  let failed = true;
  try {
    const result = await withTrail({ ...trail, traceparent: span.traceparent }, work);
    failed = false;
    return result;
  } finally {
    span.end({ failed });
  }
}

const MOST_WAITING = 4_096;
const MOST_AT_ONCE = 512;
/** Milliseconds. */
const EVERY = 1_000;
const TAKEN_WITHIN = 5_000;

export interface TracingOptions {
  /** As OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS have them. */
  endpoint: string;
  headers: string;
  log: Logger;
}

/**
 * From now on spans go to that collector, as OTLP in JSON over HTTP. Nothing waits for it: what it does not take, and what would be
 * too much to keep, is dropped. @returns what sends the last ones and ends it
 */
export function exportSpans({ endpoint, headers, log }: TracingOptions): () => Promise<void> {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const sent_with = { 'content-type': 'application/json', ...headersOf(headers) };
  let isAway = false;
  let sending = Promise.resolve();
  queue = [];

  async function send(): Promise<void> {
    for (let spans = queue?.splice(0, MOST_AT_ONCE); spans?.length; spans = queue?.splice(0, MOST_AT_ONCE)) {
      try {
        const answer = await fetch(url, {
          method: 'POST',
          headers: sent_with,
          body: JSON.stringify(otlpOf(spans)),
          signal: AbortSignal.timeout(TAKEN_WITHIN),
        });
        await answer.arrayBuffer();
        if (!answer.ok) throw new Error(`${answer.status}`);
        isAway = false;
      } catch (error) {
        if (!isAway)
          log.warn({ err: String(error), spans: spans.length }, 'the collector took no spans; they are dropped');
        isAway = true;
        return;
      }
    }
  }
  const sendNext = () => {
    sending = sending.then(send);
    return sending;
  };
  // One at a time: while a collector hangs, the queue fills up to its bound.
  let timer = setTimeout(async function turn() {
    await sendNext();
    timer = setTimeout(turn, EVERY).unref();
  }, EVERY).unref();
  return async () => {
    clearTimeout(timer);
    await sendNext();
    clearTimeout(timer);
    queue = undefined;
  };
}

function otlpOf(spans: readonly Ended[]): object {
  const services = [...new Set(spans.map(({ service }) => service))];
  return {
    resourceSpans: services.map((service) => ({
      resource: { attributes: attributesOf({ 'service.namespace': 'taskmaster', 'service.name': service }) },
      scopeSpans: [
        {
          scope: { name: 'taskmaster' },
          spans: spans
            .filter((span) => span.service === service)
            .map((span) => ({
              traceId: span.trace_id,
              spanId: span.span_id,
              parentSpanId: span.parent_id,
              name: span.name,
              kind: KINDS[span.kind],
              startTimeUnixNano: String(span.began),
              endTimeUnixNano: String(span.ended),
              attributes: attributesOf(span.attributes),
              status: span.failed ? { code: 2 } : {},
            })),
        },
      ],
    })),
  };
}

const attributesOf = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));

/** `name=value,name=value`, values percent-encoded. */
const headersOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => {
        const at = pair.indexOf('=');
        return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
      }),
  );

/** Nanoseconds since 1970. */
const now = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
