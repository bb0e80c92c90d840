import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import type { Logger } from '@taskmaster/runtime/telemetry';

const HOUR = 60 * 60 * 1000;

/** An erasure that a service could not carry out at first is not left among the dead letters: it is applied until it is done. */
export function finishErasures(name: string, runtime: RunningRuntime<string>, log: Logger): void {
  runtime.every(`${name}: finish erasures`, HOUR, () => replayErasures(runtime, log));
}

export async function replayErasures(
  { deadLetters }: Pick<RunningRuntime<string>, 'deadLetters'>,
  log: Logger,
): Promise<void> {
  for (const { id, event, replayed_at } of await deadLetters.list()) {
    if (event.type !== 'com.todo.user.erased' || replayed_at !== null) continue;
    await deadLetters
      .replay(id)
      .catch((error) => log.error({ id, err: String(error) }, 'an erasure was not carried out'));
  }
}
