import { setTimeout as sleep } from 'node:timers/promises';
import type { Taken } from '../../support/smtp-sink.ts';
import type { Attempt } from '../journal.ts';
import { type Answer, type Person, send } from '../person.ts';
import type { Finding } from '../promises.ts';
import type { Snapshot } from './log.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Nobody sees a byte of another: every id in what a person was ever answered, can read now, or got by mail is looked up, and
 * belongs to nobody else. And what is another's is asked for by its address.
 */
export async function seenByOthers(
  { changes }: Snapshot,
  {
    url,
    people,
    attempts,
    letters,
  }: { url: string; people: readonly Person[]; attempts: readonly Attempt[]; letters: readonly Taken[] },
): Promise<{ found: Finding[]; looked: number }> {
  const ownerOf = new Map<string, string>();
  for (const { workspace_id, entity_id } of changes) ownerOf.set(entity_id, workspace_id);
  for (const { workspace, id } of people) ownerOf.set(workspace, workspace).set(id, workspace);
  const found: Finding[] = [];
  let looked = 0;
  const look = (person: Person, where: string, text: string) => {
    for (const [id] of text.matchAll(UUID)) {
      looked++;
      const owner = ownerOf.get(id);
      if (owner !== undefined && owner !== person.workspace)
        found.push({ id, what: `${where}: ${person.id} sees ${id}, which belongs to ${owner}` });
    }
  };
  for (const { person, answer, request } of attempts) if (answer) look(person, request.path, answer.text);
  for (const letter of letters) {
    const to = people.find((person) => person.email === letter.to);
    if (to) look(to, 'mail', letter.raw.replaceAll('=\n', ''));
  }
  for (const [index, person] of people.entries()) {
    const get = (path: string) => patiently(() => send(url, person, { method: 'GET', path }));
    const own = [
      '/api/tasks?limit=200',
      '/api/notifications',
      '/api/reminders',
      ...(person.is_admin ? [] : ['/api/audit-logs']),
      '/api/me',
      `/api/workspaces/${person.workspace}/snapshot`,
    ];
    for (const path of own) {
      const { status, text } = await get(path);
      if (status === 200) look(person, path, text);
      else found.push({ what: `${path}: ${status} ${text.slice(0, 200)}` });
    }
    const other = people[(index + 1) % people.length];
    const theirs = changes.find((change) => change.workspace_id === other?.workspace && change.entity === 'task');
    if (!other || other === person) continue;
    for (const path of [
      `/api/workspaces/${other.workspace}/changes?since=0`,
      `/api/workspaces/${other.workspace}/snapshot`,
      ...(theirs ? [`/api/tasks/${theirs.entity_id}`, `/api/tasks/${theirs.entity_id}/history`] : []),
    ]) {
      const { status, text } = await get(path);
      looked++;
      if (status !== 404)
        found.push({ id: other.workspace, what: `${path}: ${person.id} is answered ${status} ${text.slice(0, 200)}` });
    }
  }
  return { found, looked };
}

/** Who reads snapshots one after another is told to wait a moment. */
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  let answer = await ask();
  for (let tries = 0; answer.status === 503 && tries < 50; tries++) {
    await sleep(100);
    answer = await ask();
  }
  return answer;
}
