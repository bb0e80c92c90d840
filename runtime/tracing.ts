import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Event } from '@taskmaster/contracts/events/event';
import { topicOf } from '@taskmaster/contracts/events/types';
import { currentTrail, type Logger, withTrail } from './telemetry.ts';

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

const MOST_WAITING = 4_096;
/** Milliseconds. */
const EVERY = 1_000;
const TAKEN_WITHIN = 2_000;

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
export async function exportSpans({ endpoint, headers, log }: TracingOptions): Promise<() => Promise<void>> {
  // Where traces go nowhere nobody pays for them.
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  const collector = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: headersOf(headers),
    timeoutMillis: TAKEN_WITHIN,
  });
  let isEnding = false;
  const processor = new BatchSpanProcessor(
    saying(collector, log, () => isEnding),
    {
      maxQueueSize: MOST_WAITING,
      scheduledDelayMillis: EVERY,
      exportTimeoutMillis: TAKEN_WITHIN,
    },
  );
  const tracers = new Map<string, Tracer>();
  tracerOf = (service) => {
    const known = tracers.get(service);
    if (known) return known;
    const resource = resourceFromAttributes({ 'service.namespace': 'taskmaster', 'service.name': service });
    const tracer = new BasicTracerProvider({ resource, spanProcessors: [processor] }).getTracer('taskmaster');
    tracers.set(service, tracer);
    return tracer;
  };
  return async () => {
    tracerOf = undefined;
    isEnding = true;
    await processor.shutdown().catch(() => undefined);
  };
}

/** Says once that the collector is away, and drops what it did not take; at the end it is tried once. */
function saying(collector: SpanExporter, log: Logger, isEnding: () => boolean): SpanExporter {
  let isAway = false;
  return {
    export(spans, done) {
      if (isAway && isEnding()) return done({ code: 0 });
      collector.export(spans, ({ error }) => {
        if (error && !isAway)
          log.warn({ err: String(error), spans: spans.length }, 'the collector took no spans; they are dropped');
        isAway = error !== undefined;
        done({ code: 0 });
      });
    },
    shutdown: () => collector.shutdown(),
  };
}

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
