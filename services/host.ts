import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { Logger, Metrics } from '@taskmaster/runtime/telemetry';
import type { Config } from './config.ts';
import type { Administration } from './http/admin.ts';
import type { Identity } from './http/identity.ts';
import type { Http } from './http/server.ts';

/**
 * What a service is given, whether others run beside it or not. Whatever it needs of another goes through `runtime`: nothing
 * here is of another service.
 */
export interface Host<Owner extends string> extends Identity {
  runtime: RunningRuntime<Owner>;
  /** Makes an act known to the audit log, by the outbox of this service. */
  record: Administration['record'];
  /** Of this service, at once. */
  instances: 'one' | 'several';
  log: Logger;
  metrics: Metrics;
  config: Settings;
  /** Where people reach this place: what letters link to. */
  address: string;
  version: string;
}

/** The settings that services read. */
export type Settings = Pick<
  Config,
  | 'PUBLIC_URL'
  | 'SIGN_UP'
  | 'RATE_LIMIT'
  | 'METRICS_TOKEN'
  | 'TRUST_PROXY'
  | 'SMTP_URL'
  | 'MAIL_FROM'
  | 'AUDIT_RETENTION_DAYS'
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
>;

/** A service that runs. */
export interface Serving<Owner extends string> {
  runtime: RunningRuntime<Owner>;
  /** Mounts what it answers, on a part of a server that is its own. */
  routes?(http: Http): void;
  /** While its server still answers: takes leave of whoever is connected. */
  farewell?(): Promise<void>;
  /** After the last answer: writes down what is in hand, and ends its runtime. */
  stop(): Promise<void>;
}

/** Milliseconds after which a database that hangs counts as one that is away: of every pool beside the runtime's own. */
export const PATIENCE = { connectionTimeoutMillis: 20_000, query_timeout: 30_000 };
