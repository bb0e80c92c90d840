import type { Statement } from './runtime.ts';
import { statementsOf } from './statement.ts';

/** Takes away what a service still keeps of a workspace's events once they were sent, or could not be handled: for an erasure. */
export function forgetCarried<Owner extends string>(owner: Owner): Statement<Owner, never>[] {
  const say = statementsOf(owner);
  return [
    say('forget_dead_letters', `delete from ${owner}.dead_letter where workspace_id = $1`),
    say('forget_sent', `delete from ${owner}.outbox where workspace_id = $1 and published_at is not null`),
  ];
}
