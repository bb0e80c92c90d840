import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import type { Event } from '@taskmaster/contracts/events/event';
import { topicOf } from '@taskmaster/contracts/events/types';
import type { TracingOptions } from './otlp-exporter.ts';
import { currentTrail, withTrail } from './telemetry.ts';

type Attributes = Readonly<Record<string, string | number>>;
const KINDS = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER } as const;

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

let tracerOf: ((service: string) => Tracer) | undefined;

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
  if (!tracerOf) return undefined;
  const [, traceId, spanId, flags] = /^00-(\w{32})-(\w{16})-(\w{2})$/.exec(parent ?? '') ?? [];
  const isSampled = Number.parseInt(flags ?? '', 16) & TraceFlags.SAMPLED;
  if (!traceId || !spanId || !isSampled) return undefined;
  const within = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: isSampled, isRemote: true });
  const span = tracerOf(service).startSpan(name, { kind: KINDS[kind], attributes }, within);
  return {
    traceparent: `00-${traceId}-${span.spanContext().spanId}-${flags}`,
    end({ attributes: more = {}, name: named = name, failed = false } = {}) {
      span.updateName(named).setAttributes(more);
      if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
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

/**
 * From now on spans go to that collector. What sends them is loaded now: where traces go nowhere nobody pays for it.
 * @returns what sends the last ones and ends it
 */
export async function exportSpans(options: TracingOptions): Promise<() => Promise<void>> {
  const { createTracers } = await import('./otlp-exporter.ts');
  const tracers = createTracers(options);
  tracerOf = tracers.of;
  return () => {
    tracerOf = undefined;
    return tracers.end();
  };
}
