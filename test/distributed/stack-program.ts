import { everyService } from '@taskmaster/contracts/services';
import type { Stack } from '../../scripts/stack/stack.mjs';
import type { Program } from '../chaos/program.ts';
import { until } from '../support/running-services.ts';

/** Five services and what carries them, as those see it who know one program: it ends when all of it is stopped. */
export function asProgram(stack: Stack): Program {
  const url = new URL(stack.database_url);
  let hasEnded = false;
  let tell: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const end = async () => {
    if (hasEnded) return;
    hasEnded = true;
    await stack.stop();
    tell();
  };
  return {
    url: stack.url,
    pid: process.pid,
    connection: {
      host: url.searchParams.get('host') ?? '',
      port: Number(url.searchParams.get('port')),
      user: url.username,
      database: url.pathname.slice(1),
      ssl: false,
    },
    said: () =>
      stack
        .processes()
        .map(({ log }) => log)
        .join('\n'),
    ready: () => until(() => isUp(stack), 'all of the stack', 120).then(() => undefined),
    hasEnded: () => hasEnded,
    wasKilled: () => false,
    endedInOrder: () => true,
    gone,
    kill: end,
    stop: end,
  };
}

export async function isUp(stack: Stack): Promise<boolean> {
  if (stack.processes().some(({ pid }) => pid === undefined)) return false;
  const answers = everyService.flatMap((service) => stack.instances(service)).map(({ url }) => fetch(`${url}/ready`));
  return Promise.all(answers).then(
    (all) => all.every(({ ok }) => ok),
    () => false,
  );
}
