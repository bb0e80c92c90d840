import type { Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { Logger } from './telemetry.ts';

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

export interface Tracers {
  of(service: string): Tracer;
  /** Sends the last ones. */
  end(): Promise<void>;
}

/**
 * Tracers whose spans go to that collector, as OTLP in JSON over HTTP. Nothing waits for it: what it does not take, and what would be
 * too much to keep, is dropped.
 */
export function createTracers({ endpoint, headers, log }: TracingOptions): Tracers {
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
  return {
    of(service) {
      const known = tracers.get(service);
      if (known) return known;
      const resource = resourceFromAttributes({ 'service.namespace': 'taskmaster', 'service.name': service });
      const tracer = new BasicTracerProvider({ resource, spanProcessors: [processor] }).getTracer('taskmaster');
      tracers.set(service, tracer);
      return tracer;
    },
    async end() {
      isEnding = true;
      await processor.shutdown().catch(() => undefined);
    },
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
