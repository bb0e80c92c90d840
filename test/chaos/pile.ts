import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Attempt, PushedOp } from './journal.ts';
import { type Person, send } from './person.ts';
import type { Stage } from './stage.ts';

const A_PUSH = 100;
const SERIES = 5;

/** So many changes, made by everybody at once as fast as they are taken. */
export async function pile(stage: Stage, changes: number): Promise<void> {
  await Promise.all(
    stage.people.map(async (person) => {
      const device = { client_id: randomUUID(), n: 0 };
      for (let made = 0; made < changes / stage.people.length; made += A_PUSH)
        stage.record.attempts.push(await push(stage, person, device));
    }),
  );
}

/** New tasks, some of them occurrences that are completed at once: each asks for a successor. */
async function push(stage: Stage, person: Person, device: { client_id: string; n: number }): Promise<Attempt> {
  const op = (kind: PushedOp['kind'], id: string, patch: object) => ({
    op: randomUUID(),
    n: ++device.n,
    entity: 'task' as const,
    kind,
    id,
    patch,
  });
  const due = { due_date: '2026-01-05', due_time: '09:00', due_zone: null };
  const recurrence = { rule: 'FREQ=DAILY', overdue: 'one_by_one' };
  const ops = Array.from({ length: A_PUSH - 2 * SERIES }, () =>
    op('create', randomUUID(), { title: `made ${randomUUID()}` }),
  );
  for (let index = 0; index < SERIES; index++) {
    const id = randomUUID();
    ops.push(op('create', id, { title: `made ${randomUUID()}`, due, recurrence }), op('complete', id, {}));
  }
  const path = `/api/workspaces/${person.workspace}/ops`;
  const request = { method: 'POST', path, body: { client_id: device.client_id, schema: 1, ops } };
  const answer = await send(stage.url, person, request);
  expect(answer.status, answer.text.slice(0, 300)).toBe(200);
  return { person, request, verb: 'updated', shape: 'device', outcome: 'acknowledged', answer, retries: 0, trail: [] };
}
