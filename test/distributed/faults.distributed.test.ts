import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Stack, startStack } from '../../scripts/stack/stack.mjs';
import { befall } from '../chaos/befall.ts';
import type { Fault } from '../chaos/faults.ts';
import { SEED } from '../chaos/random.ts';
import type { Stage } from '../chaos/stage.ts';
import { until } from '../support/running-services.ts';
import { asProgram, isUp } from './stack-program.ts';

const A_WHILE = 1_500;
/** Milliseconds without a broker: changes are taken all the same, and are with everybody once it is back. */
const AWAY = Number(process.env.AWAY ?? 30_000);
/** Longer than a standby waits for a holder that is silent. */
const FROZEN = 14_000;

let stack: Stack;

/** What a fault does to several processes, one after another. All of it runs again when it is over. */
function each(name: string, names: RegExp, act: (one: string) => Promise<void>): Fault {
  return {
    name,
    async befall(stage: Stage) {
      for (const process of stack.processes().filter((one) => names.test(one.name))) {
        await sleep(A_WHILE);
        const from = Date.now();
        stage.deaths.push(from);
        await act(process.name);
        await until(() => isUp(stack), 'all of the stack again', 120);
        stage.pauses.push({ from, to: Date.now() });
        stage.deaths.push(Date.now());
      }
      await sleep(A_WHILE);
    },
  };
}
const kill = (name: string) => stack.kill(name);
async function freeze(name: string): Promise<void> {
  stack.signal(name, 'SIGSTOP');
  await sleep(FROZEN);
  stack.signal(name, 'SIGCONT');
}
async function takeAway(name: string): Promise<void> {
  await stack.kill(name, { stays_away: true });
  await sleep(AWAY);
  stack.comeBack(name);
}

const FAULTS: readonly Fault[] = [
  each('kill -9 of each service', /^(api|recurring|notification|sync|audit)-0$/, kill),
  each('kill -9 of each sidecar', /-0-daprd$/, kill),
  each('kill -9 of the scheduler, and of the broker', /^(scheduler|kafka)$/, kill),
  each('kill -9 of the database', /^database$/, kill),
  each(`no broker for ${AWAY / 1000} s`, /^kafka$/, takeAway),
  each(`each instance of api frozen for ${FROZEN / 1000} s, the one that relays among them`, /^api-\d$/, freeze),
  each(`a consumer frozen for ${FROZEN / 1000} s`, /^notification-0$/, freeze),
];

test('whatever befalls services, sidecars, scheduler and broker, every promise holds', async () => {
  const run_folder = mkdtempSync(path.join(os.tmpdir(), 'tm-faults-'));
  onTestFinished(() => rmSync(run_folder, { recursive: true, force: true }));
  const stage = await befall(FAULTS, {
    folder: run_folder,
    seed: SEED,
    quiet: 2_000,
    async begin(mail) {
      const replicas = { api: 2, notification: 2, sync: 2 };
      stack = await startStack({ run_folder, replicas, env: { ...mail, RATE_LIMIT: 'off', LOG_LEVEL: 'warn' } });
      return asProgram(stack);
    },
  });
  expect(stage.record.attempts.length).toBeGreaterThan(100);
}, 1_800_000);
