import { type ChangeEvent, envelopeOf, type OccurrenceDue } from '@taskmaster/contracts/events/event';
import type { Task } from '@taskmaster/domain/task';
import { forgetCarried } from '@taskmaster/runtime/forget-carried';
import type { Emit, Tx } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { v5 } from 'uuid';
import type { Host, Serving } from '../host.ts';

const say = statementsOf('recurring');
const remember = say<{ task_id: string }>(
  'remember_occurrence',
  `insert into recurring.occurrence (workspace_id, task_id, successor_id, event, sequence) values ($1, $2, $3, $4, $5)
   on conflict (workspace_id, task_id) do update
     set successor_id = excluded.successor_id, event = excluded.event, sequence = excluded.sequence, answered = false, sent_at = now()
   where occurrence.sequence < excluded.sequence and not (occurrence.answered and occurrence.successor_id = excluded.successor_id)
   returning task_id`,
);
const answered = say(
  'occurrence_answered',
  'update recurring.occurrence set answered = true, event = null where workspace_id = $1 and successor_id = $2',
);
const withdrawn = say(
  'occurrence_withdrawn',
  'update recurring.occurrence set answered = false where workspace_id = $1 and successor_id = $2',
);
/** Also where nothing was known yet: a completion replayed late then finds that it is over. */
const calledOff = say(
  'occurrence_called_off',
  `insert into recurring.occurrence (workspace_id, task_id, sequence) values ($1, $2, $3)
   on conflict (workspace_id, task_id) do update set event = null, sequence = excluded.sequence
   where occurrence.sequence < excluded.sequence`,
);
const unanswered = say<{ event: OccurrenceDue }>(
  'unanswered',
  `update recurring.occurrence set sent_at = now() where event is not null and sent_at < now() - interval '1 minute' returning event`,
);

const forget = say('forget_occurrences', 'delete from recurring.occurrence where workspace_id = $1');
const carried = forgetCarried('recurring');

/**
 * Sees to it that every completed slot of a series gets its successor: asks for it by an event, the same one again each
 * minute until the successor, or the reopening, has been seen.
 */
export function startRecurring({ runtime }: Host<'recurring'>): Serving<'recurring'> {
  runtime.consume(
    'recurring',
    [
      'com.todo.task.completed',
      'com.todo.task.created',
      'com.todo.task.restored',
      'com.todo.task.reopened',
      'com.todo.task.deleted',
      'com.todo.user.erased',
    ],
    (event, tx, emit) => follow(event, tx, emit),
  );
  runtime.every('recurring: ask again', 60_000, () =>
    runtime.transact(async (tx, emit) => {
      for (const { event } of await tx.query(unanswered, [])) emit(event);
    }),
  );
  runtime.answer('recurring_counts', runtime.counts);
  return { runtime, stop: runtime.stop };
}

async function follow(event: ChangeEvent, tx: Tx<'recurring'>, emit: Emit): Promise<void> {
  const { workspace_id, sequence } = event.data;
  if (event.type === 'com.todo.user.erased') {
    for (const statement of [forget, ...carried]) tx.write(statement, [workspace_id]);
    return;
  }
  const task = event.data.payload.after as unknown as Task;
  switch (event.type) {
    case 'com.todo.task.deleted':
      if (task.withdrawn) tx.write(withdrawn, [workspace_id, task.id]);
      if (task.series_id !== null) tx.write(calledOff, [workspace_id, task.id, sequence]);
      return;
    case 'com.todo.task.reopened':
      if (task.series_id !== null) tx.write(calledOff, [workspace_id, task.id, sequence]);
      return;
    case 'com.todo.task.completed': {
      if (task.successor_id === null || task.completion_id === null) return;
      const due = occurrenceDue(event, task.successor_id, task.completion_id);
      const values = [workspace_id, task.id, task.successor_id, JSON.stringify(due), sequence];
      if ((await tx.query(remember, values)).length > 0) emit(due);
      return;
    }
    default:
      if (task.predecessor_slot !== null) tx.write(answered, [workspace_id, task.id]);
  }
}

function occurrenceDue(cause: ChangeEvent, successor_id: string, completion_id: string): OccurrenceDue {
  const { workspace_id, user_id, epoch, sequence, meta } = cause.data;
  return {
    ...envelopeOf('occurrence-due', { ...cause, id: v5(`occurrence-due:${completion_id}`, successor_id) }),
    type: 'com.todo.task.occurrence-due',
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
