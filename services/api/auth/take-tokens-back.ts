import type { Runtime } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { type Caller, callerSettings, personalWorkspace } from '../caller.ts';
import { execute } from '../kernel/execute.ts';
import { op } from '../ops-from-http.ts';

const say = statementsOf('tasks');
const live = say<{ id: string }>(
  'live_tokens',
  'select id from tasks.token where workspace_id = $1 and user_id = $2 and deleted_at is null order by id limit 100',
);

/** Takes every API token of a person back, as the house: each is a change, so that the history says when and why. */
export async function takeTokensBack(runtime: Pick<Runtime<'tasks'>, 'transact'>, person: Caller): Promise<void> {
  const workspace_id = personalWorkspace(person);
  for (;;) {
    const tokens = await runtime.transact((tx) => tx.query(live, [workspace_id, person.user_id]), {
      caller: callerSettings(person),
      readOnly: true,
    });
    if (tokens.length === 0) return;
    await execute(
      runtime,
      { ...person, actor: { kind: 'system', id: 'auth' } },
      {
        workspace_id,
        ops: tokens.map(({ id }) => op('delete', 'token', id)),
        via: 'auth',
        answer: () => ({ status: 204, body: null }),
      },
    );
  }
}
