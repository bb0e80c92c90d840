import { readFileSync } from 'node:fs';
import path from 'node:path';
import { topics as topicsOfContract } from '@taskmaster/contracts/events/types';
import { ports } from '@taskmaster/contracts/services';
import { appIds } from '@taskmaster/services/dapr';
import { describe, expect, test } from 'vitest';
import { findFaults, type Resource, readResources, resourcesIn, setting, type Topics } from './component-faults.ts';

const deploy = path.resolve(import.meta.dirname, '../../deploy');
const resources = readResources(path.join(deploy, 'dapr'));
const topics: Topics = JSON.parse(readFileSync(path.join(deploy, 'topics.json'), 'utf8'));
const { services } = JSON.parse(readFileSync(path.join(deploy, 'routes.json'), 'utf8'));
const components = (type: string) => resources.filter(({ spec }) => spec.type === type);

test('there are files to judge', () => {
  expect(components('pubsub.kafka')).toHaveLength(4);
  expect(resources.filter(({ kind }) => kind === 'Subscription').length).toBeGreaterThan(0);
});

test('the files have no faults', () => {
  expect(findFaults(resources, topics)).toEqual([]);
});

test('services, ports and app ids are those that the product knows', () => {
  const table: Record<string, { app_id: string; port: number }> = services;
  expect(Object.entries(table).map(([name, { port }]) => [name, port])).toEqual(Object.entries(ports));
  expect(Object.entries(table).map(([name, { app_id }]) => [name, app_id])).toEqual(Object.entries(appIds));
});

test('the topics are those of the contract, each with one for its dead letters', () => {
  const expected = Object.entries(topicsOfContract).flatMap(([name, { partitions }]) => [
    [name, { partitions }],
    [`${name}-dlq`, { partitions: 1 }],
  ]);
  expect(topics).toEqual(Object.fromEntries(expected));
});

test('the two brokers differ in how one gets in, and in nothing else', () => {
  const ways = ['brokers', 'saslUsername', 'saslPassword', 'saslMechanism', 'disableTls'];
  const rest = (variant: string) =>
    components('pubsub.kafka')
      .filter(({ file }) => file.startsWith(`${variant}/`))
      .map(({ file, ...bus }) => ({
        ...bus,
        spec: {
          ...bus.spec,
          metadata: bus.spec.metadata.filter(({ name }: { name: string }) => !ways.includes(name)),
        },
      }));
  expect(rest('oracle')).toEqual(rest('redpanda'));
});

test('no file holds a credential', () => {
  for (const component of components('pubsub.kafka'))
    for (const name of ['brokers', 'saslUsername', 'saslPassword'])
      expect(setting(component, name)).toMatch(/^[a-z-]+-creds\//);
});

describe('the guard bites', () => {
  const bus = (more: object, of: object = {}) => ({
    file: 'x.yaml',
    kind: 'Component',
    metadata: { name: 'x' },
    spec: {
      type: 'pubsub.kafka',
      metadata: Object.entries({ saslMechanism: 'SHA-256', ...more }).map(([name, value]) => ({ name, value })),
    },
    scopes: ['backend-api'],
    ...of,
  });
  const subscription = (more: object, scopes = ['backend-api']) => ({
    file: 'x.yaml',
    kind: 'Subscription',
    metadata: { name: 'x' },
    spec: {
      pubsubname: 'taskbus',
      topic: 'task-events',
      routes: { default: '/x' },
      bulkSubscribe: { enabled: true, maxMessagesCount: 100, maxAwaitDurationMs: 10 },
      ...more,
    },
    scopes,
  });
  const resiliency = (retry: object) => ({
    file: 'x.yaml',
    kind: 'Resiliency',
    metadata: { name: 'x' },
    spec: {
      policies: { timeouts: { t: '6s' }, retries: { r: { policy: 'constant', duration: '1s', ...retry } } },
      targets: { components: { taskbus: { inbound: { timeout: 't', retry: 'r' } } } },
    },
  });

  test('it is silent where nothing is wrong', () => {
    expect(faultsWith(bus({}), subscription({}), resiliency({ maxRetries: 3 }))).toEqual([]);
  });

  test.each<[string, Resource, RegExp]>([
    ['the name of the mechanism itself', bus({ saslMechanism: 'SCRAM-SHA-256' }), /SCRAM-SHA-256.*PLAIN/],
    ['a mechanism in small letters', bus({ saslMechanism: 'sha-256' }), /sha-256.*PLAIN/],
    ['no mechanism', bus({ saslMechanism: undefined }), /PLAIN/],
    ['a group for each start', bus({ consumerID: 'sync-{uuid}' }), /group/],
    ['an end of trying', bus({ backOffMaxRetries: '3' }), /skip/],
    ['a component for everybody', bus({}, { scopes: undefined }), /scopes/],
    ['a component for nobody', bus({}, { scopes: [] }), /scopes/],
    ['a topic that nobody makes', subscription({ topic: 'task-event' }), /task-event is not/],
    [
      'a dead letter topic that nobody makes',
      subscription({ deadLetterTopic: 'task-events-dead' }),
      /task-events-dead is not/,
    ],
    ['no default route', subscription({ routes: { rules: [{ match: 'true', path: '/x' }] } }), /default route/],
    ['a bus that is not there', subscription({ pubsubname: 'bus' }), /no component bus/],
    [
      'an app that the bus does not know',
      subscription({}, ['another-service']),
      /another-service is not in the scopes/,
    ],
    ['an app that may not subscribe', subscription({ topic: 'task-updates' }), /may not subscribe/],
    ['an app that may not write dead letters', subscription({ deadLetterTopic: 'audit-log-dlq' }), /may not publish/],
    ['events one by one', subscription({ bulkSubscribe: undefined }), /one by one/],
    ['a batch that waits for others', subscription({ bulkSubscribe: { enabled: true } }), /ten seconds/],
    [
      'a batch that no service takes',
      subscription({ bulkSubscribe: { enabled: true, maxMessagesCount: 1_000, maxAwaitDurationMs: 10 } }),
      /larger than the 100/,
    ],
    ['another dead letter topic', subscription({ deadLetterTopic: 'reminders-dlq' }), /to task-events-dlq/],
    ['trying too long', resiliency({ maxRetries: 4 }), /34 s/],
    ['trying for ever', resiliency({}), /Infinity s/],
  ])('at %s', (_, resource, fault) => {
    const faults = faultsWith(resource);
    expect(faults.length).toBeGreaterThan(0);
    for (const found of faults) expect(found).toMatch(/^x\.yaml: x/);
    expect(faults.join('\n')).toMatch(fault);
  });

  test('at more partitions than a tenancy has', () => {
    const more = { ...topics, another: { partitions: 4 } };
    expect(findFaults(resources, more)).toEqual([expect.stringMatching(/16 partitions/)]);
  });

  test('at a file that is no YAML', () => {
    expect(() => resourcesIn('x.yaml', 'a: [1')).toThrow();
  });

  const faultsWith = (...added: Resource[]) => findFaults([...resources, ...added], topics);
});
