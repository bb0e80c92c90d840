import { createHash } from 'node:crypto';
import { Problem } from '@taskmaster/contracts/problems';
import { decide } from '@taskmaster/domain/commands/decide';
import { Draft, type Op, type World } from '@taskmaster/domain/commands/world';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { type Caller, callerSettings, momentOf } from '../caller.ts';
import { load } from './load.ts';
import * as sql from './statements.ts';
import { writeActs } from './write.ts';

export interface Command<Answer> {
  workspace_id: string;
  ops: readonly Op[];
  via: string;
  /** What depends on the rows as they are under the lock: the ops made whole. The rows are those that `ops` has loaded. */
  settle?(world: World): readonly Op[];
  causation_id?: string;
  /** Of an Idempotency-Key: the same request again gets the same answer. */
  key?: { op: string; fingerprint: string };
  /** `If-Match`: the version that the caller saw of a row. */
  match?: { entity: 'task'; id: string; version: number };
  /** Looks at the outcome inside the transaction and makes the answer of it. */
  answer(outcome: { draft: Draft; changed: boolean }): { status: number; body: Answer };
}

export const fingerprintOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/**
 * One command, one transaction, two flights: lock and read; decide; write and commit. All ops are one act.
 * @throws Problem where the domain refuses; nothing is written then.
 */
export async function execute<Answer>(
  runtime: Pick<Runtime<'tasks'>, 'transact'>,
  caller: Caller,
  command: Command<Answer>,
  now = new Date(),
): Promise<{ status: number; body: Answer; replayed: boolean }> {
  const { workspace_id, ops, key, match } = command;
  const done = runtime.transact(
    async (tx) => {
      const locked = tx.query(sql.lockWorkspace, [workspace_id]);
      const member = tx.query(sql.readMember, [workspace_id, caller.user_id]);
      const before = key ? tx.query(sql.readProcessedOps, [caller.user_id, [key.op]]) : Promise.resolve([]);
      const loading = load(tx, workspace_id, caller.user_id, ops);
      const [[workspace], [membership], [done]] = await Promise.all([locked, member, before, loading.sent]);
      if (!workspace || !membership) throw new Problem('not_found');
      if (membership.role === 'viewer') throw new Problem('forbidden', 'You may look, not change.');
      if (key && done) {
        if (done.answer_status === null && done.fingerprint === key.fingerprint) {
          const made = await tx.query(sql.madeBy, [workspace_id, done.seq, key.op]);
          throw new Problem('already_done', undefined, undefined, {
            made: made.map(({ entity, entity_id }) => ({ entity, id: entity_id })),
          });
        }
        return replay<Answer>(done, key.fingerprint);
      }

      const world = loading.world();
      if (match) checkMatch(world.get(match.entity, match.id)?.version, match.version);
      const moment = momentOf(caller, workspace_id, now);
      const decision = decide(world, moment, command.settle?.(world) ?? ops);
      if (!decision.ok) throw new Problem(decision.code, undefined, decision.errors);

      const act = {
        op: key?.op ?? ops[0]?.op ?? '',
        changes: decision.changes,
        causation_id: command.causation_id ?? null,
      };
      const written = writeActs(tx, [act], {
        workspace,
        user_id: caller.user_id,
        actor: caller.actor,
        via: command.via,
        client_id: null,
        at: moment.at,
      });
      const draft = new Draft(world, moment);
      draft.adopt(decision.changes);
      const answer = command.answer({ draft, changed: decision.changes.length > 0 });
      if (key) {
        const row = {
          user_id: caller.user_id,
          op: key.op,
          workspace_id,
          fingerprint: key.fingerprint,
          status: 'ok',
          seq: written.head,
        };
        tx.write(sql.insertProcessedOps, [
          JSON.stringify([{ ...row, answer_status: answer.status, answer: answer.body }]),
        ]);
      }
      return { ...answer, replayed: false };
    },
    { key: workspace_id, caller: callerSettings(caller) },
  );
  return done.catch(sameOpElsewhere);
}

/** The same op at the same moment in another workspace: no lock is common to both, so the key of the table decides. */
export function sameOpElsewhere(error: { code?: string; constraint?: string }): never {
  if (error.code === '23505' && error.constraint === 'processed_op_pkey') throw new Problem('idempotency_mismatch');
  throw error;
}

function replay<Answer>(
  done: sql.ProcessedOp,
  fingerprint: string,
): { status: number; body: Answer; replayed: boolean } {
  if (done.fingerprint !== fingerprint) throw new Problem('idempotency_mismatch');
  return { status: done.answer_status ?? 200, body: done.answer as Answer, replayed: true };
}

function checkMatch(version: number | undefined, wanted: number): void {
  if (version !== undefined && version !== wanted) throw new Problem('version_mismatch');
}
