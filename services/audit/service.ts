import { type ChangeEventType, changeEventTypes } from '@taskmaster/contracts/events/types';
import { forgetCarried } from '@taskmaster/runtime/forget-carried';
import type { Host, Serving } from '../host.ts';
import type { Http } from '../http/server.ts';
import { witness } from './append.ts';
import { createSigner, makeCheckpoint } from './checkpoints.ts';
import { createQueries } from './queries.ts';
import { forgetOld, RETENTION_EVERY } from './retention.ts';
import { auditRoutes } from './routes.ts';
import { createKeys } from './seal.ts';

export interface AuditOptions {
  /** Seals and signs: the same on every instance. */
  secret: string;
  /** Where signed checkpoints go besides the database. */
  checkpointFile?: string;
}

export interface Audit extends Serving<'audit'> {
  /** Signs the heads that moved since the last time; once an hour it happens by itself. */
  checkpoint(): Promise<string | undefined>;
}

const CHECKPOINT = 'audit: checkpoint';
const carried = forgetCarried('audit');
const SOON = 1_000;
const A_MINUTE = 60_000;
const HOUR = 60 * A_MINUTE;
const RETENTION = 'audit: retention';
/** Milliseconds after the start: it has time, and the start has none. */
const LATER = 5 * 60 * 1000;

/** Witnesses every committed change in a chain that cannot be changed unseen, and shows it. Of changes it emits nothing. */
export function startAudit(host: Host<'audit'>, options: AuditOptions): Audit {
  const { runtime, log, enter, record } = host;
  const retention_days = host.config.AUDIT_RETENTION_DAYS;
  const signer = createSigner(options.secret);
  const keys = createKeys(runtime.background);
  runtime.consume('audit', changeEventTypes as ChangeEventType[], async (event, tx) => {
    await witness(event, tx, keys);
    if (event.type !== 'com.todo.user.erased') return;
    keys.destroy(event.data.user_id, tx);
    for (const statement of carried) tx.write(statement, [event.data.workspace_id]);
  });
  runtime.consume('audit acts', ['com.todo.audit.recorded'], (event, tx) => witness(event, tx, keys));
  const checkpoint = () =>
    makeCheckpoint(runtime, { signer, log, ...(options.checkpointFile ? { file: options.checkpointFile } : {}) });
  let signed = false;
  const sign = async () => {
    signed ||= (await checkpoint()) !== undefined;
    // The first entries of a place, or of a day, are not left for an hour.
    if (!signed) await runtime.wake.at(CHECKPOINT, new Date(Date.now() + A_MINUTE).toISOString());
  };
  runtime.every(CHECKPOINT, HOUR, sign);
  // What was written before a crash, or a night, is signed as soon as the program is up again.
  runtime.wake.onWake(CHECKPOINT, sign);
  void runtime.wake.at(CHECKPOINT, new Date(Date.now() + SOON).toISOString());
  runtime.answer('audit_counts', runtime.counts);
  if (retention_days > 0) {
    const forget = async () => {
      const entries = await forgetOld(runtime, retention_days, log);
      if (entries > 0) log.info({ entries, older_than_days: retention_days }, 'old audit entries gone');
    };
    runtime.every(RETENTION, RETENTION_EVERY, forget);
    // A program that never runs for long forgets too.
    runtime.wake.onWake(RETENTION, forget);
    void runtime.wake.at(RETENTION, new Date(Date.now() + LATER).toISOString());
  }
  const queries = createQueries(runtime, keys, signer);
  return {
    runtime,
    checkpoint,
    routes: (http: Http) => auditRoutes({ http, enter, queries, public_key: signer.public_key, record }),
    stop: runtime.stop,
  };
}
