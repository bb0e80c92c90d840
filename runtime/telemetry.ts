import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Event } from '@taskmaster/contracts/events/event';
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What is known of the act in hand; every log line and every event of it carries these. */
export interface Trail {
  request_id?: string;
  correlation_id: string;
  causation_id?: string | null;
  traceparent?: string;
}
const trails = new AsyncLocalStorage<Trail>();
export const currentTrail = (): Trail | undefined => trails.getStore();
export const withTrail = <R>(trail: Trail, run: () => R): R => trails.run(trail, run);
/** For what goes on by itself after the act that set it off: the next things it does are about others. */
export const apart = <R>(run: () => R): R => trails.exit(run);

/** What an event says of the act it came of. */
export function trailOf(event: Event): Trail {
  const meta = 'meta' in event.data ? event.data.meta : undefined;
  return {
    request_id: meta?.request_id,
    correlation_id: meta?.correlation_id ?? event.id,
    causation_id: event.id,
    traceparent: event.traceparent,
  };
}

/** W3C Trace Context: the caller's if it is well formed, else a new one. */
export function traceparentFrom(header: unknown): string {
  if (typeof header === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header))
    return header;
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
}

/** One JSON object a line, no secrets, no line breaks of others. */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => trails.getStore() ?? {},
    redact: [
      'authorization',
      'cookie',
      'token',
      'ticket',
      'password',
      '*.authorization',
      '*.cookie',
      '*.token',
      '*.ticket',
      '*.password',
    ],
  };
  return destination ? pino(options, destination) : pino(options);
}
export type { Logger };

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    requests: new Histogram({
      name: 'taskmaster_http_request_seconds',
      help: 'Time of HTTP requests',
      labelNames: ['service', 'method', 'route', 'status'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
      registers,
    }),
    eventLatency: new Histogram({
      name: 'taskmaster_event_processing_seconds',
      help: 'From the commit of a change to the committed effect of a consumer',
      labelNames: ['consumer'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300],
      registers,
    }),
    relayLagChanges: new Gauge({ name: 'taskmaster_relay_lag_changes', help: 'Changes not yet published', registers }),
    relayLagSeconds: new Gauge({
      name: 'taskmaster_relay_lag_seconds',
      help: 'Age of the oldest change not yet published',
      registers,
    }),
    outboxRows: new Gauge({
      name: 'taskmaster_outbox_rows',
      help: 'Events not yet published',
      labelNames: ['service'] as const,
      registers,
    }),
    inboxRows: new Gauge({
      name: 'taskmaster_inbox_rows',
      help: 'Events held by a consumer',
      labelNames: ['service'] as const,
      registers,
    }),
    deadLetters: new Gauge({
      name: 'taskmaster_dead_letters',
      help: 'Dead letters not replayed',
      labelNames: ['service'] as const,
      registers,
    }),
    putAside: new Counter({
      name: 'taskmaster_put_aside_total',
      help: 'What a broker brought, is no event and was put aside to the dead-letter topic of its topic',
      labelNames: ['topic'] as const,
      registers,
    }),
    sockets: new Gauge({ name: 'taskmaster_sockets', help: 'Open sync sockets', registers }),
    socketPulls: new Counter({ name: 'taskmaster_socket_pulls_total', help: 'Slow sockets told to pull', registers }),
  };
}
export type Metrics = ReturnType<typeof createMetrics>;
