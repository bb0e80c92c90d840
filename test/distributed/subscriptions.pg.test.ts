import path from 'node:path';
import { everyService } from '@taskmaster/contracts/services';
import { readConfig } from '@taskmaster/services/config';
import { appIds, onDapr } from '@taskmaster/services/dapr';
import { startDistributed } from '@taskmaster/services/distributed';
import type { Running } from '@taskmaster/services/single';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../scripts/stack/ports.mjs';
import { type FreshDatabase, freshDatabase } from '../support/fresh-database.ts';
import { urlOf } from '../support/separate-services.ts';
import { type App, findUnmet, type Resource, readResources } from './component-faults.ts';

const resources = readResources(path.resolve(import.meta.dirname, '../../deploy/dapr'));
const APP_TOKEN = 'what the sidecar says';

let database: FreshDatabase;
const running: Running[] = [];
const apps: Record<string, App> = {};

/** Each service as it is started beside a sidecar, which is not there: nothing is brought, and what it has for it is looked at. */
beforeAll(async () => {
  database = await freshDatabase();
  const [nobody = 0] = await freePorts(1);
  for (const service of everyService) {
    const config = readConfig({
      MODE: 'distributed',
      SERVICE: service,
      DATABASE_URL: urlOf(database.connection),
      ALLOW_UNSAFE_DATABASE: 'true',
      LOG_LEVEL: 'silent',
      BETTER_AUTH_SECRET: 'a secret of at least thirty-two characters',
      PUBLIC_URL: 'http://127.0.0.1:8080',
      DAPR_HTTP_PORT: String(nobody),
      DAPR_API_TOKEN: 'what the sidecar hears',
      APP_API_TOKEN: APP_TOKEN,
    });
    const consumes = new Set<string>();
    const observes = new Set<string>();
    const createAdapter: Parameters<typeof startDistributed>[1]['createAdapter'] = (around) => {
      const adapter = onDapr(config)(around);
      return {
        ...adapter,
        subscribe(topic, group, receive) {
          consumes.add(topic);
          adapter.subscribe(topic, group, receive);
        },
        fanOut(topic, see) {
          observes.add(topic);
          adapter.fanOut(topic, see);
        },
      };
    };
    const options = { version: 'test', progress: () => undefined, createAdapter };
    const one = await startDistributed({ ...config, PORT: 0 }, options);
    running.push(one);
    apps[appIds[service]] = { consumes, observes, serves: await servedAt(one.url) };
  }
});
afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()));
  await database?.drop();
});

/** Of the routes that any subscription names, those at which an event is taken as the sidecar would bring it. */
async function servedAt(url: string): Promise<Set<string>> {
  const served = new Set<string>();
  // Nothing that a consumer cares about: it is passed over.
  const event = { id: crypto.randomUUID(), type: 'com.todo.task.sync', data: { workspace_id: crypto.randomUUID() } };
  for (const route of resources.filter(({ kind }) => kind === 'Subscription').map(({ spec }) => spec.routes.default)) {
    const answer = await fetch(url + route, {
      method: 'POST',
      body: JSON.stringify({ entries: [{ entryId: '1', event }] }),
      headers: { 'content-type': 'application/json', 'dapr-api-token': APP_TOKEN },
    });
    if (answer.ok && (await answer.json()).statuses[0].status === 'SUCCESS') served.add(route);
  }
  return served;
}

test('what is subscribed to is what services take, and each route is served', () => {
  expect(Object.keys(apps).sort()).toEqual(Object.values(appIds).sort());
  expect(findUnmet(resources, apps)).toEqual([]);
});

describe('the guard bites', () => {
  const subscription = (more: object, scopes = ['backend-api']): Resource => ({
    file: 'x.yaml',
    kind: 'Subscription',
    metadata: { name: 'x' },
    spec: { pubsubname: 'taskbus', topic: 'task-events', routes: { default: '/events/task-events' }, ...more },
    scopes,
  });
  const without = (name: string) => resources.filter(({ metadata }) => metadata.name !== name);

  test.each<[string, readonly Resource[], RegExp]>([
    [
      'a route that the app does not serve',
      [...resources, subscription({ routes: { default: '/event/task-events' } })],
      /x: backend-api does not serve \/event\//,
    ],
    [
      'a topic that nobody there takes',
      [...resources, subscription({ topic: 'audit-log' })],
      /x: backend-api has nobody who takes audit-log/,
    ],
    [
      'one who only sees what is to be taken',
      [...resources, subscription({ pubsubname: 'taskbus-observe' })],
      /x: backend-api has nobody/,
    ],
    ['an app that is none', [...resources, subscription({}, ['backend'])], /x: backend is no app/],
    ['a consumer that nothing is brought to', without('reminders'), /^notification-service takes reminders, and no/],
    [
      'an observer that nothing is brought to',
      without('observe-task-updates'),
      /^sync-service takes task-updates, and no/,
    ],
  ])('at %s', (_, given, fault) => {
    expect(findUnmet(given, apps).join('\n')).toMatch(fault);
  });
});
