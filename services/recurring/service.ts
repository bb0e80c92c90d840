import { type ChangeEvent, EVENT_SOURCE, type OccurrenceDue, schemaAddress } from '@taskmaster/contracts/events/event';
import type { Task } from '@taskmaster/domain/task';
import type { Emit, Runtime, Service, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v5 } from 'uuid';

const say = statementsOf('recurring');
const remember = say(
  'remember_occurrence',
  `insert into recurring.occurrence (workspace_id, task_id, completion_id, successor_id, event_id, event, sequence)
   values ($1, $2, $3, $4, $5, $6, $7)
   on conflict (workspace_id, task_id) do update set completion_id = excluded.completion_id, successor_id = excluded.successor_id,
     event_id = excluded.event_id, event = excluded.event, sequence = excluded.sequence, sent_at = now()
   where recurring.occurrence.sequence < excluded.sequence`,
);
const forgetBySuccessor = say(
  'forget_by_successor',
  'delete from recurring.occurrence where workspace_id = $1 and successor_id = $2',
);
const forgetTask = say(
  'forget_task',
  'delete from recurring.occurrence where workspace_id = $1 and task_id = $2 and sequence < $3',
);
const unanswered = say<{ event: OccurrenceDue }>(
  'unanswered',
  `update recurring.occurrence set sent_at = now() where sent_at < now() - interval '1 minute' returning event`,
);

/**
 * Sees to it that every completed slot of a series gets its successor: asks for it by an event, the same one again each
 * minute until the successor, or the reopening, has been seen.
 */
export const recurring: Service<'recurring', undefined> = {
  name: 'recurring',
  async start(runtime: Runtime<'recurring'>) {
    runtime.consume(
      'recurring',
      [
        'com.todo.task.completed',
        'com.todo.task.created',
        'com.todo.task.restored',
        'com.todo.task.reopened',
        'com.todo.task.deleted',
      ],
      (event, tx, emit) => follow(event, tx, emit),
    );
    runtime.every('recurring: ask again', 60_000, () =>
      runtime.transact(async (tx, emit) => {
        for (const { event } of await tx.query(unanswered, [])) emit(event);
      }),
    );
    return { mounted: undefined, stop: async () => undefined };
  },
};

async function follow(event: ChangeEvent, tx: Tx<'recurring'>, emit: Emit): Promise<void> {
  const { workspace_id, sequence } = event.data;
  const task = event.data.payload.after as unknown as Task;
  if (event.type === 'com.todo.task.reopened' || event.type === 'com.todo.task.deleted') {
    tx.write(forgetTask, [workspace_id, task.id, sequence]);
    return;
  }
  if (event.type !== 'com.todo.task.completed') {
    if (task.predecessor_slot !== null) tx.write(forgetBySuccessor, [workspace_id, task.id]);
    return;
  }
  if (task.successor_id === null || task.completion_id === null) return;
  const due = occurrenceDue(event, task.successor_id, task.completion_id);
  tx.write(remember, [
    workspace_id,
    task.id,
    task.completion_id,
    task.successor_id,
    due.id,
    JSON.stringify(due),
    sequence,
  ]);
  emit(due);
}

function occurrenceDue(cause: ChangeEvent, successor_id: string, completion_id: string): OccurrenceDue {
  const { workspace_id, user_id, epoch, sequence, meta } = cause.data;
  return {
    specversion: '1.0',
    id: v5(`occurrence-due:${completion_id}`, successor_id),
    source: EVENT_SOURCE,
    type: 'com.todo.task.occurrence-due',
    subject: cause.subject,
    time: cause.time,
    datacontenttype: 'application/json',
    dataschema: schemaAddress('occurrence-due'),
    ...(cause.traceparent ? { traceparent: cause.traceparent } : {}),
    data: {
      task_id: cause.subject,
      user_id,
      workspace_id,
      epoch,
      idempotency_key: completion_id,
      cause_sequence: sequence,
      meta: { ...meta, actor: { kind: 'system', id: 'recurring' }, via: 'recurring', causation_id: cause.id },
      payload: { successor_id, completion_id },
    },
  };
}
