import { randomUUID } from 'node:crypto';
import { type Person, send } from './person.ts';

const A_PUSH = 50;

/** Tasks that remind at an instant each, as a device pushes them: two ops a task. @throws where one was refused */
export async function pushReminders(url: string, person: Person, instants: readonly string[]): Promise<void> {
  const client_id = randomUUID();
  let n = 0;
  const op = (kind: string, entity: string, id: string, patch: object) => ({
    op: randomUUID(),
    n: ++n,
    kind,
    entity,
    id,
    patch,
  });
  for (let from = 0; from < instants.length; from += A_PUSH) {
    const ops = instants.slice(from, from + A_PUSH).flatMap((at) => {
      const id = randomUUID();
      return [
        op('create', 'task', id, { title: `due ${at}` }),
        op('create', 'reminder', randomUUID(), { task_id: id, when: { minutes_before: null, at } }),
      ];
    });
    const path = `/api/workspaces/${person.workspace}/ops`;
    const { status, text } = await send(url, person, { method: 'POST', path, body: { client_id, schema: 1, ops } });
    if (status !== 200 || text.includes('rejected')) throw new Error(`push: ${status} ${text.slice(0, 300)}`);
  }
}
