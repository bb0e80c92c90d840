import { Problem } from '@taskmaster/contracts/problems';
import { type OpResult, type PushAnswer, patches, type SyncOp, type SyncPush } from '@taskmaster/contracts/sync/ops';
import { decide } from '@taskmaster/domain/commands/decide';
import { Draft, type Op } from '@taskmaster/domain/commands/world';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { type Caller, callerSettings, momentOf } from '../caller.ts';
import { fingerprintOf, sameOpElsewhere } from './execute.ts';
import { load } from './load.ts';
import * as sql from './statements.ts';
import { type Act, isTooLarge, writeActs } from './write.ts';

/**
 * Takes a device's ops in their order, as one transaction of one act each. An op that was taken before is `dup`; one that
 * the domain refuses is `rejected`, consumes its n and stops nothing behind it; a gap in n stops there with `order`.
 */
export async function push(
  runtime: Pick<Runtime<'tasks'>, 'transact'>,
  caller: Caller,
  workspaceId: string,
  request: SyncPush,
  now = new Date(),
): Promise<PushAnswer> {
  const { client_id } = request;
  const ops = request.ops.map(checkedOp);
  const answer = runtime.transact(
    async (tx) => {
      const ids = ops.map((op) => op.op);
      const locked = tx.query(sql.lockWorkspace, [workspaceId]);
      const member = tx.query(sql.readMember, [workspaceId, caller.user_id]);
      const processed = tx.query(sql.readProcessedOps, [caller.user_id, ids]);
      const client = tx.query(sql.readSyncClient, [caller.user_id, client_id, workspaceId]);
      const readable = ops.filter((op) => !op.wrong);
      const based = readable.filter((op) => op.base_seq !== undefined && op.kind === 'update');
      const since =
        based.length > 0
          ? tx.query(sql.changedSince, [
              workspaceId,
              based.map((op) => op.id),
              based.map((op) => op.base_seq),
              client_id,
            ])
          : [];
      const loading = load(tx, workspaceId, caller.user_id, readable);
      const [[workspace], [membership], before, [known], newer] = await Promise.all([
        locked,
        member,
        processed,
        client,
        since,
        loading.sent,
      ]);
      if (!workspace || !membership) throw new Problem('not_found');
      if (membership.role === 'viewer') throw new Problem('forbidden', 'You may look, not change.');

      const doneByOp = new Map(before.map((row) => [row.op, row]));
      const moment = momentOf(caller, workspaceId, now, true);
      const world = new Draft(loading.world(), moment);
      const acts: Act[] = [];
      const results: (OpResult & { act?: number })[] = [];
      const records: { op: SyncOp & TakenOp; result: OpResult & { act?: number } }[] = [];
      const taken = new Set<string>();
      let last = known?.last_n ?? 0;
      for (const op of ops) {
        if (taken.has(op.op)) {
          results.push(rejected(op, 'idempotency_mismatch'));
          continue;
        }
        const done = doneByOp.get(op.op);
        if (done) {
          results.push(answeredBefore(op, done));
          continue;
        }
        if (op.n !== last + 1) {
          results.push({ op: op.op, status: 'order', expect: last + 1 });
          break;
        }
        last = op.n;
        const result = take(op, world, acts, newer);
        results.push(result);
        taken.add(op.op);
        records.push({ op, result });
      }

      const written = writeActs(tx, acts, {
        workspace,
        user_id: caller.user_id,
        actor: caller.actor,
        via: 'sync',
        client_id,
        at: moment.at,
      });
      for (const result of results) {
        if (result.act !== undefined) result.seq = written.seqs[result.act];
        else if (result.status === 'ok') result.seq = written.head;
        delete result.act;
      }
      if (records.length > 0) {
        const rows = records.map(({ op, result }) => ({
          user_id: caller.user_id,
          op: op.op,
          workspace_id: workspaceId,
          client_id,
          n: op.n,
          fingerprint: fingerprintOf(op.kind, op.entity, op.id, op.raw ?? op.patch, op.scope ?? null),
          status: result.status,
          seq: result.seq ?? written.head,
          error: result.error ?? null,
        }));
        globalThis.failpoint?.('ops.mid_push');
        tx.write(sql.insertProcessedOps, [JSON.stringify(rows)]);
        tx.write(sql.writeSyncClient, [caller.user_id, client_id, workspaceId, last]);
      }
      return { results, head: written.head };
    },
    { key: workspaceId, caller: callerSettings(caller) },
  );
  return answer.catch(sameOpElsewhere);
}

/** What was said of it the first time, its refusal included. */
function answeredBefore(op: SyncOp & TakenOp, done: sql.ProcessedOp): OpResult {
  if (done.fingerprint !== fingerprintOf(op.kind, op.entity, op.id, op.raw ?? op.patch, op.scope ?? null))
    return rejected(op, 'idempotency_mismatch');
  if (done.status === 'ok') return { op: op.op, status: 'dup', seq: done.seq };
  return { op: op.op, status: 'rejected', seq: done.seq, error: done.error as OpResult['error'] };
}

interface TakenOp extends Op {
  n: number;
  base_seq?: number;
  wrong?: { path: string; message: string }[];
  /** The patch as it was sent: what a repetition is known by. */
  raw?: Op['patch'];
}

/** The patch read by the schema of its op; what it does not hold is a rejection of that op alone. */
function checkedOp(op: SyncOp): SyncOp & TakenOp {
  const schema = patches[`${op.entity} ${op.kind}` as keyof typeof patches];
  if (!schema) return { ...op, wrong: [{ path: 'kind', message: `A ${op.entity} has no ${op.kind}.` }] };
  const read = schema.safeParse(op.patch);
  if (read.success) return { ...op, patch: read.data, raw: op.patch };
  return { ...op, wrong: read.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })) };
}

function take(
  op: SyncOp & TakenOp,
  world: Draft,
  acts: Act[],
  newer: readonly { entity_id: string; seq: number; registers: string[]; client_id: string | null }[],
): OpResult & { act?: number } {
  if (op.wrong) return rejected(op, 'invalid', op.wrong);
  const decision = decide(world, world.moment, [op]);
  if (!decision.ok) return rejected(op, decision.code, decision.errors);
  if (decision.changes.length === 0) return { op: op.op, status: 'ok' };
  if (decision.changes.some(isTooLarge)) return rejected(op, 'too_large');
  world.adopt(decision.changes);
  const touched = new Set(Object.keys(op.patch));
  const overwrote =
    op.kind === 'update' && op.base_seq !== undefined
      ? newer
          .filter((change) => change.entity_id === op.id && change.seq > (op.base_seq ?? 0))
          .flatMap((change) =>
            change.registers
              .filter((register) => touched.has(register))
              .map((register) => ({ register, seq: change.seq })),
          )
      : [];
  acts.push({ op: op.op, changes: decision.changes, overwrote });
  return { op: op.op, status: 'ok', act: acts.length - 1 };
}

const rejected = (op: { op: string }, code: string, errors?: { path: string; message: string }[]): OpResult => ({
  op: op.op,
  status: 'rejected',
  error: { code, ...(errors ? { errors } : {}) },
});
