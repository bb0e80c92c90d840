import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LARGEST_BATCH } from '@taskmaster/services/http/sidecar-routes';
import { parseAllDocuments } from 'yaml';

/** A document of a Dapr resource file, as far as it is looked at. */
export interface Resource {
  readonly file: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: files are looked at, not trusted
  readonly spec: any;
  readonly scopes?: readonly string[];
}
export type Topics = Readonly<Record<string, { readonly partitions: number }>>;

/** What Oracle Streaming gives a tenancy that has not asked for more. */
const MOST_PARTITIONS = 15;
/** Every other word is taken for PLAIN by the component, without a sign. */
const MECHANISMS = ['SHA-256', 'SHA-512', 'PLAINTEXT'];
/** What an event may wait for others that come with it, in each service. */
const LONGEST_WAIT_MS = 20;
/** A group whose consumer retries longer than this stands still when a replica joins. */
const RETRIES_END_WITHIN_S = 30;

export function readResources(folder: string): Resource[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) => resourcesIn(file, readFileSync(path.join(folder, file), 'utf8')));
}

export function resourcesIn(file: string, text: string): Resource[] {
  return parseAllDocuments(text).map((document) => {
    if (document.errors[0]) throw document.errors[0];
    return { file, ...(document.toJS() as Omit<Resource, 'file'>) };
  });
}

/** Mistakes that Dapr takes without a word and that lose or stop events. @returns one sentence each */
export function findFaults(resources: readonly Resource[], topics: Topics): string[] {
  const of = (kind: string) => resources.filter((resource) => resource.kind === kind);
  const buses = of('Component').filter(({ spec }) => spec.type === 'pubsub.kafka');
  return [
    ...tooManyPartitions(topics),
    ...[...of('Component'), ...of('Subscription')].flatMap(withoutScopes),
    ...buses.flatMap(wrongSettings),
    ...of('Subscription').flatMap((subscription) => wrongSubscription(subscription, buses, topics)),
    ...of('Resiliency').flatMap(endlessRetries),
  ];
}

/** What an app has for its sidecar: the topics that its consumers take and its observers see, and the routes it answers. */
export interface App {
  readonly consumes: ReadonlySet<string>;
  readonly observes: ReadonlySet<string>;
  readonly serves: ReadonlySet<string>;
}

/** Subscriptions that bring events to nobody, and consumers that nothing is brought to. @returns one sentence each */
export function findUnmet(resources: readonly Resource[], apps: Readonly<Record<string, App>>): string[] {
  const subscriptions = resources.filter(({ kind }) => kind === 'Subscription');
  const isObserved = ({ spec }: Resource) => spec.pubsubname === 'taskbus-observe';
  const unserved = subscriptions.flatMap((subscription) =>
    (subscription.scopes ?? []).flatMap((name) => {
      const app = apps[name];
      const { topic, routes } = subscription.spec;
      const says = `${called(subscription)}: ${name}`;
      if (!app) return [`${says} is no app`];
      const taken = isObserved(subscription) ? app.observes : app.consumes;
      return [
        ...(app.serves.has(routes.default) ? [] : [`${says} does not serve ${routes.default}`]),
        ...(taken.has(topic) ? [] : [`${says} has nobody who takes ${topic}`]),
      ];
    }),
  );
  const unbrought = Object.entries(apps).flatMap(([name, app]) => {
    const brought = (observed: boolean) =>
      subscriptions
        .filter((one) => isObserved(one) === observed && one.scopes?.includes(name))
        .map(({ spec }) => spec.topic);
    const missing = [
      ...[...app.consumes].filter((topic) => !brought(false).includes(topic)),
      ...[...app.observes].filter((topic) => !brought(true).includes(topic)),
    ];
    return missing.map((topic) => `${name} takes ${topic}, and no subscription brings it`);
  });
  return [...unserved, ...unbrought];
}

/** @returns a component's setting: its value, or the name and key of its secret */
export function setting({ spec }: Resource, name: string): string | undefined {
  // biome-ignore lint/suspicious/noExplicitAny: files are looked at, not trusted
  const found = spec.metadata?.find((entry: any) => entry.name === name);
  return found?.secretKeyRef ? `${found.secretKeyRef.name}/${found.secretKeyRef.key}` : found?.value;
}

const called = ({ file, metadata }: Resource) => `${file}: ${metadata.name}`;

function tooManyPartitions(topics: Topics): string[] {
  const total = Object.values(topics).reduce((sum, { partitions }) => sum + partitions, 0);
  return total > MOST_PARTITIONS ? [`topics have ${total} partitions together, more than ${MOST_PARTITIONS}`] : [];
}

function withoutScopes(resource: Resource): string[] {
  return resource.scopes?.length ? [] : [`${called(resource)} has no scopes: every app would get it`];
}

function wrongSettings(bus: Resource): string[] {
  const mechanism = setting(bus, 'saslMechanism') ?? '';
  const group = setting(bus, 'consumerID') ?? '';
  return [
    ...(MECHANISMS.includes(mechanism) ? [] : [`saslMechanism "${mechanism}" would silently mean PLAIN`]),
    ...(/\{uuid\}/i.test(group) ? [`consumerID ${group} would leave a group behind at each start`] : []),
    ...(setting(bus, 'backOffMaxRetries') === undefined
      ? []
      : ['backOffMaxRetries would skip events after so many tries']),
  ].map((fault) => `${called(bus)}: ${fault}`);
}

function wrongSubscription(subscription: Resource, buses: readonly Resource[], topics: Topics): string[] {
  const { topic, routes, deadLetterTopic, pubsubname, bulkSubscribe } = subscription.spec;
  const named = [topic, ...(deadLetterTopic === undefined ? [] : [deadLetterTopic])];
  const faults = named.filter((one) => !topics[one]).map((one) => `topic ${one} is not one of deploy/topics.json`);
  if (!routes?.default) faults.push('it has no default route, so what matches no rule would be dropped');
  if (!bulkSubscribe?.enabled) faults.push('it brings events one by one, and services take batches');
  else if (!(bulkSubscribe.maxAwaitDurationMs <= LONGEST_WAIT_MS))
    faults.push(`a batch would wait longer than ${LONGEST_WAIT_MS} ms, ten seconds where nothing is said`);
  if (bulkSubscribe?.enabled && !(bulkSubscribe.maxMessagesCount <= LARGEST_BATCH))
    faults.push(`a batch would be larger than the ${LARGEST_BATCH} that services take`);
  if (deadLetterTopic !== undefined && deadLetterTopic !== `${topic}-dlq`)
    faults.push(`services put aside what is no event to ${topic}-dlq, not to ${deadLetterTopic}`);
  const carriers = buses.filter(({ metadata }) => metadata.name === pubsubname);
  if (carriers.length === 0) faults.push(`there is no component ${pubsubname}`);
  for (const bus of carriers)
    for (const app of subscription.scopes ?? []) {
      if (!bus.scopes?.includes(app)) faults.push(`${app} is not in the scopes of ${called(bus)}`);
      if (!scoped(bus, 'subscriptionScopes', app).includes(topic))
        faults.push(`${app} may not subscribe by ${called(bus)}`);
      if (deadLetterTopic && !scoped(bus, 'publishingScopes', app).includes(deadLetterTopic))
        faults.push(`${app} may not publish dead letters by ${called(bus)}`);
    }
  return faults.map((fault) => `${called(subscription)}: ${fault}`);
}

/** The topics that `app=one,two;other=…` names for an app. */
function scoped(bus: Resource, name: string, app: string): readonly string[] {
  const entries = (setting(bus, name) ?? '').split(';').map((entry) => entry.split('='));
  return entries.find(([owner]) => owner === app)?.[1]?.split(',') ?? [];
}

function endlessRetries(resiliency: Resource): string[] {
  const { policies, targets } = resiliency.spec;
  return Object.entries(targets?.components ?? {}).flatMap(([name, target]) => {
    const { timeout, retry } = (target as { inbound?: { timeout?: string; retry?: string } }).inbound ?? {};
    if (!retry) return [];
    const { duration, maxRetries = -1 } = policies.retries[retry] ?? {};
    const each = seconds(policies.timeouts?.[timeout ?? ''] ?? '');
    const most = maxRetries < 0 ? Number.POSITIVE_INFINITY : (maxRetries + 1) * each + maxRetries * seconds(duration);
    return most < RETRIES_END_WITHIN_S
      ? []
      : [`${called(resiliency)}: deliveries of ${name} are tried for ${most} s, not under ${RETRIES_END_WITHIN_S}`];
  });
}

function seconds(duration: string): number {
  const [, count, unit] = /^(\d+)(ms|s|m)$/.exec(duration) ?? [];
  return count === undefined
    ? Number.POSITIVE_INFINITY
    : Number(count) * { ms: 0.001, s: 1, m: 60 }[unit as 'ms' | 's' | 'm'];
}
