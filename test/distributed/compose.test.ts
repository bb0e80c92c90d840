import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { SIDECAR_PATHS } from '@taskmaster/runtime/app-channel';
import { settingNames } from '@taskmaster/services/config';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FLAGS, GO_SETTINGS } from '../../scripts/stack/sidecar.mjs';
import { readResources } from './component-faults.ts';

const root = path.resolve(import.meta.dirname, '../..');
const deploy = path.join(root, 'deploy');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

interface Container {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly profiles?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Container>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}
const text = read('deploy/compose.yaml');
const compose = parse(text, { merge: true }) as Compose;
const table: {
  services: Record<string, { app_id: string; port: number; sidecar_port: number }>;
  routes: { path: string; service: string }[];
} = JSON.parse(read('deploy/routes.json'));
const topics: Record<string, { partitions: number }> = JSON.parse(read('deploy/topics.json'));
const container = (name: string): Container => {
  const found = compose.services[name];
  if (!found) throw new Error(`compose.yaml has no ${name}`);
  return found;
};

/** Names that compose puts in from its environment, with those inside of others' defaults. */
const variablesIn = (of: string): string[] => [...of.matchAll(/(?<!\$)\$\{([A-Z_]+)/g)].map(([, name]) => name ?? '');

describe('compose.yaml', () => {
  test('starts each service beside its sidecar, on the ports and under the name that are theirs', () => {
    for (const [name, { app_id, port, sidecar_port }] of Object.entries(table.services)) {
      expect(container(name).environment).toMatchObject({
        MODE: 'distributed',
        SERVICE: name,
        PORT: String(port),
        DAPR_HTTP_PORT: String(sidecar_port),
      });
      const sidecar = container(`${name}-daprd`);
      expect(sidecar.network_mode).toBe(`service:${name}`);
      expect(sidecar.command).toEqual([`--app-id=${app_id}`, `--app-port=${port}`, `--dapr-http-port=${sidecar_port}`]);
      expect(sidecar.environment?.POD_NAME).toBe(`${app_id}-0`);
      for (const token of ['DAPR_API_TOKEN', 'APP_API_TOKEN'])
        expect(sidecar.environment?.[token]).toBe(container(name).environment?.[token]);
    }
    const settings = Object.keys(container('api').environment ?? {});
    expect(settings.filter((name) => !settingNames.includes(name))).toEqual([]);
  });

  test('gives sidecars every component that the product has, one file of each', () => {
    const mounted = (container('api-daprd').volumes ?? []).map((line) => line.split(':').slice(0, -2).join(':'));
    const filesFor = (broker: string, state: string) =>
      mounted.map((file) =>
        path.normalize(file.replace(/\$\{BROKER:-redpanda\}/, broker).replace(/\$\{STATE:-common\}/, state)),
      );
    for (const [broker, state] of [
      ['redpanda', 'common'],
      ['oracle', 'common'],
      ['redpanda', 'redis'],
    ] as const) {
      const files = filesFor(broker, state);
      for (const file of files) expect(existsSync(path.join(deploy, file)), file).toBe(true);
      const all = readdirSync(path.join(deploy, 'dapr/common'))
        .filter((file) => state === 'common' || file !== 'state.yaml')
        .map((file) => `dapr/common/${file}`);
      const others = [
        `dapr/${broker}/taskbus.yaml`,
        `dapr/${broker}/taskbus-observe.yaml`,
        'dapr/development/secrets.yaml',
        ...(state === 'redis' ? ['dapr/redis/state.yaml'] : []),
      ];
      expect([...files].sort()).toEqual([...all, ...others].sort());
    }
  });

  test('says to sidecars what the stack says to them', () => {
    const [, ...words] = container('api-daprd').entrypoint ?? [];
    const here = words.filter((word) => !/^--(config|resources-path|scheduler-host-address)=/.test(word));
    expect(here.sort()).toEqual(
      Object.entries(FLAGS)
        .map(([word, value]) => `--${word}=${value}`)
        .sort(),
    );
    for (const name of Object.keys(table.services))
      expect(container(`${name}-daprd`).environment, name).toMatchObject(GO_SETTINGS);
  });

  test('makes the topics of deploy/topics.json, and the broker makes none by itself', () => {
    const made = [...(container('topics').command?.[0] ?? '').matchAll(/([a-z-]+):(\d+)/g)].map(([, name, count]) => [
      name,
      { partitions: Number(count) },
    ]);
    expect(Object.fromEntries(made)).toEqual(topics);
    expect(compose.configs.redpanda?.content).toMatch(/auto_create_topics_enabled: false/);
    expect(container('redpanda').command?.join(' ')).not.toMatch(/--mode/);
  });

  test('has the secrets that components and the program ask for, in their shape', () => {
    const made = JSON.parse((compose.configs.secrets?.content ?? '').replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, 'x'));
    const asked = secretsAsked();
    for (const [secret, key] of asked) expect(made[secret], `${secret}/${key}`).toHaveProperty(key);
    const { 'taskmaster-app': app, ...creds } = made;
    expect(Object.keys(app)).toEqual(['DATABASE_URL', 'BETTER_AUTH_SECRET']);
    expect(new Set(asked.map(([secret]) => secret))).toEqual(new Set(Object.keys(creds)));
  });

  test('names nothing that is not there', () => {
    for (const [name, one] of Object.entries(compose.services)) {
      for (const other of Object.keys(one.depends_on ?? {})) expect(compose.services, name).toHaveProperty(other);
      for (const { source } of one.configs ?? []) expect(compose.configs, name).toHaveProperty(source);
      for (const volume of one.volumes ?? []) {
        const from = volume.split(':')[0] ?? '';
        if (!from.startsWith('.')) expect(Object.keys(compose.volumes), name).toContain(from);
      }
      expect(one.image, name).toBeDefined();
      if (one.build) expect(existsSync(path.resolve(deploy, one.build.context, one.build.dockerfile))).toBe(true);
      else expect(one.image, name).toMatch(/:v?\d+\.\d+/);
    }
  });
});

test('the proxy of compose has the routes of deploy/routes.json, in their order', () => {
  const lines = table.routes.flatMap(({ path: at, service }, index) => {
    const to = `${service}:${table.services[service]?.port}`;
    if (at === '/') return [`reverse_proxy ${to}`];
    return [`@at${index} path_regexp ^${at.replaceAll(/\{\w+\}/g, '[^/]+')}(/|$)`, `reverse_proxy @at${index} ${to}`];
  });
  const there = read('deploy/Caddyfile')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'));
  const inside = ['@inside path_regexp ^/(events|observe|job|cron|ask|dapr|metrics)(/|$)', 'respond @inside 404'];
  expect(there).toEqual([':8080 {', 'route {', ...inside, ...lines, '}', '}']);
  for (const path of SIDECAR_PATHS) expect(inside[0]).toContain(path.slice(1, -1));
});

describe('.env.example', () => {
  const lines = read('.env.example').split('\n');
  const names = lines.flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []);

  test('names exactly what the program and the files of deploy read', () => {
    const wanted = new Set([...settingNames, ...variablesIn(text), ...secretsAsked().map(([, key]) => key)]);
    expect([...names].sort()).toEqual([...wanted].sort());
  });

  test('says of each what it is, and holds no secret', () => {
    for (const [index, line] of lines.entries())
      if (/^[A-Z_]+=/.test(line)) expect(lines[index - 1], line).toMatch(/^# \S/);
    const valued = lines.filter((line) => /^[A-Z_]*(SECRET|TOKEN|PASSWORD|KEY)=./.test(line));
    expect(valued).toEqual([]);
  });
});

/** Each secret, and the key in it, that a component of the product asks for. */
function secretsAsked(): [string, string][] {
  const refs = readResources(path.join(deploy, 'dapr')).flatMap(({ spec }) =>
    (spec.metadata ?? []).flatMap(
      (entry: { secretKeyRef?: { name: string; key: string } }) => entry.secretKeyRef ?? [],
    ),
  );
  return refs.map(({ name, key }: { name: string; key: string }) => [name, key]);
}
