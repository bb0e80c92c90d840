import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Person, type RunningServices, runServices, until } from '../../test/support/running-services.ts';

let services: RunningServices;
let owner: pg.Client;
let ann: Person;
beforeAll(async () => {
  services = await runServices();
  await services.person('admin');
  ann = await services.person('ann');
  owner = new pg.Client(services.connection);
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await services.stop();
});

const refusals = async (): Promise<string[]> => {
  const { rows } = await owner.query<{ said: string }>(
    ['tasks', 'recurring', 'notification', 'sync', 'audit']
      .map(
        (schema) => `select '${schema} ' || (event #>> '{data,payload,detail,route}') as said from ${schema}.outbox
           where event #>> '{data,payload,action}' = 'refused'`,
      )
      .join(' union all '),
  );
  return rows.map((row) => row.said).sort();
};

it('where all run in one program, what somebody is refused is said once, by the service whose route it is', async () => {
  const made = await ann.call('POST', '/api/tokens', { name: 'of a program', scopes: ['tasks:read'] });
  const headers = { authorization: `Bearer ${made.json.token}` };
  const asked = [
    ['/api/me/close', 'POST'],
    ['/api/notifications', 'GET'],
    ['/api/audit-logs', 'GET'],
    ['/api/admin/recurring/dead-letters', 'GET'],
    ['/api/admin/status', 'GET'],
  ] as const;
  for (const [at, method] of [...asked, ...asked])
    expect((await ann.call(method, at, method === 'POST' ? {} : undefined, headers)).status).toBe(403);
  await new Promise((refused) =>
    new WebSocket(`${services.url.replace('http', 'ws')}/ws/tasks`, ['sync.v1'], { headers }).on('error', refused),
  );
  const all = [
    'audit /api/audit-logs',
    'notification /api/notifications',
    'recurring /api/admin/recurring/dead-letters',
    'sync /ws/tasks',
    'tasks /api/admin/status',
    'tasks /api/me/close',
  ];
  await until(async () => (await refusals()).length >= all.length, 'all of them');
  expect(await refusals()).toEqual(all);
  // What sync said goes once the audit log has it: it hears of no erasure.
  await until(
    async () => (await owner.query('select from sync.outbox where published_at is null')).rowCount === 0,
    'sent',
  );
});
