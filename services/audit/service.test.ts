import { createLogger } from '@taskmaster/runtime/telemetry';
import { expect, it } from 'vitest';
import type { Host } from '../host.ts';
import { startAudit } from './service.ts';

it('forgets soon after the start too, not only where it runs for long', async () => {
  const woken = new Map<string, () => Promise<void>>();
  const alarms = new Map<string, number>();
  let asked = 0;
  const runtime = {
    background: async () => {
      asked++;
      return [];
    },
    consume: () => undefined,
    every: () => undefined,
    answer: () => undefined,
    wake: {
      onWake: (name: string, run: () => Promise<void>) => void woken.set(name, run),
      at: async (name: string, at: string) => void alarms.set(name, Date.parse(at) - Date.now()),
    },
  };
  const host = { runtime, config: { AUDIT_RETENTION_DAYS: 90 }, log: createLogger('silent') };
  startAudit(host as unknown as Host<'audit'>, { secret: 'a secret of at least thirty-two characters' });
  const name = 'audit: retention';
  expect(alarms.get(name)).toBeGreaterThan(30_000);
  expect(alarms.get(name)).toBeLessThan(15 * 60_000);
  await woken.get(name)?.();
  expect(asked).toBeGreaterThan(0);
});
