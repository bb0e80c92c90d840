import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { quietly, root } from '../steps/step.mjs';
import { ensureKafka } from './binaries.mjs';
import { freePorts, isListening } from './ports.mjs';
import { createProcess } from './process.mjs';

const CLUSTER = 'dGFza21hc3Rlci1icm9rZXI';
const STORE_PASSWORD = 'changeit';
const SHOWN_WITHIN_MS = 10_000;

/**
 * What a client of a listener needs to know.
 *
 * @typedef {{brokers: string, username: string, password: string}} Login
 */

/**
 * One real broker with three doors: `plain` for tools, `redpanda` (SCRAM-SHA-256, no TLS) and `oracle` (PLAIN over TLS,
 * signed by nobody else: trust `certificate`). A folder that held one goes on with its data.
 *
 * @param {{folder: string, passwords: {redpanda: string, oracle: string}}} options `folder` exists
 */
export async function createKafka({ folder, passwords }) {
  const jars = path.join(await ensureKafka(), '*');
  const [plain = 0, controller = 0, redpanda = 0, oracle = 0] = await freePorts(4);
  const place = (/** @type {string} */ name) => path.join(folder, name);
  /** @type {{redpanda: Login, oracle: Login}} */
  const logins = {
    redpanda: { brokers: `127.0.0.1:${redpanda}`, username: 'taskmaster', password: passwords.redpanda },
    // As Oracle's are: tenancy/user/stream pool.
    oracle: {
      brokers: `127.0.0.1:${oracle}`,
      username: 'acme/ops@example.org/ocid1.streampool.oc1..aaaa',
      password: passwords.oracle,
    },
  };

  const jvm = [
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `-Dlog4j.configuration=file:${place('log4j.properties')}`,
  ];
  const java = ['java', '-Xms64m', '-Xmx256m', ...jvm, '-cp', jars];
  writeFileSync(place('log4j.properties'), logging);
  writeFileSync(place('server.properties'), settings(), { mode: 0o600 });
  await Promise.all([makeCertificate(place('server.p12'), place('server.pem')), format()]);

  const broker = createProcess({
    name: 'kafka',
    command: [...java, 'kafka.Kafka', place('server.properties')],
    folder,
    log: place('kafka.log'),
    isReady: () => isListening(plain).then(async (listening) => listening && (await answers())),
  });

  /** @template T @param {(admin: Admin) => Promise<T>} work @returns {Promise<T>} */
  async function withAdmin(work) {
    const admin = new Admin({ clientId: 'taskmaster', bootstrapBrokers: [`127.0.0.1:${plain}`], retries: 0 });
    return work(admin).finally(() => admin.close());
  }

  /** Listening comes before being able to work. */
  const answers = () =>
    withAdmin((admin) => admin.listTopics()).then(
      () => true,
      () => false,
    );

  /**
   * Creates what is missing. @throws if one is there with another number of partitions: its keys would change places.
   *
   * @param {Readonly<Record<string, {partitions: number}>>} topics
   */
  async function createTopics(topics) {
    await withAdmin(async (admin) => {
      const there = new Set(await admin.listTopics());
      for (const [name, { partitions }] of Object.entries(topics))
        if (!there.has(name)) await admin.createTopics({ topics: [name], partitions, replicas: 1 });
      // A topic that was created shows a moment later.
      const until = Date.now() + SHOWN_WITHIN_MS;
      for (const [name, { partitions }] of Object.entries(topics)) {
        let found = await partitionsOf(admin, name);
        for (; found === 0 && Date.now() < until; found = await partitionsOf(admin, name)) await sleep(50);
        if (found !== partitions) throw new Error(`Topic ${name} has ${found} partitions instead of ${partitions}`);
      }
    });
  }

  async function format() {
    if (existsSync(place('kafka/meta.properties'))) return;
    const user = `SCRAM-SHA-256=[name=${logins.redpanda.username},password=${passwords.redpanda}]`;
    const words = ['format', '-t', CLUSTER, '-c', place('server.properties'), '--add-scram', user];
    await quietly([...java, 'kafka.tools.StorageTool', ...words]);
  }

  /** While it does not run: everything that it kept. */
  async function wipe() {
    rmSync(place('kafka'), { recursive: true, force: true });
    await format();
  }

  function settings() {
    const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    // Only a quoted name may have slashes in it.
    const account = `"user_${logins.oracle.username}"="${passwords.oracle}"`;
    const at = (/** @type {number} */ port) => `127.0.0.1:${port}`;
    return lines({
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@${at(controller)}`,
      'controller.listener.names': 'CONTROLLER',
      'inter.broker.listener.name': 'PLAIN',
      listeners: `CONTROLLER://${at(controller)},PLAIN://${at(plain)},REDPANDA://${at(redpanda)},ORACLE://${at(oracle)}`,
      'advertised.listeners': `PLAIN://${at(plain)},REDPANDA://${at(redpanda)},ORACLE://${at(oracle)}`,
      'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,REDPANDA:SASL_PLAINTEXT,ORACLE:SASL_SSL',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256',
      'listener.name.redpanda.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
      'listener.name.redpanda.scram-sha-256.sasl.jaas.config': scram,
      'listener.name.oracle.sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.oracle.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${account};`,
      'listener.name.oracle.ssl.keystore.type': 'PKCS12',
      'listener.name.oracle.ssl.keystore.location': place('server.p12'),
      'listener.name.oracle.ssl.keystore.password': STORE_PASSWORD,
      'listener.name.oracle.ssl.key.password': STORE_PASSWORD,
      'log.dirs': place('kafka'),
      // Both brokers of the product make no topic by themselves.
      'auto.create.topics.enable': false,
      'message.max.bytes': 1_000_000,
      'offsets.topic.num.partitions': 1,
      'offsets.topic.replication.factor': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      // Here nobody waits for a second consumer, and a killed broker may come back at once.
      'group.initial.rebalance.delay.ms': 0,
      'broker.session.timeout.ms': 3_000,
      'broker.heartbeat.interval.ms': 1_000,
    });
  }

  return { ...broker, logins, certificate: place('server.pem'), bootstrap: `127.0.0.1:${plain}`, createTopics, wipe };
}

/** None if there is no such topic. @param {Admin} admin @param {string} topic @returns {Promise<number>} */
const partitionsOf = (admin, topic) =>
  admin.metadata({ topics: [topic], forceUpdate: true }).then(
    ({ topics }) => topics.get(topic)?.partitions.length ?? 0,
    () => 0,
  );

/** Keytool comes with Java, so nothing else is needed. @param {string} store @param {string} certificate */
async function makeCertificate(store, certificate) {
  if (existsSync(certificate)) return;
  const at = ['-keystore', store, '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD, '-alias', 'broker'];
  const names = ['-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost', '-validity', '3650'];
  if (!existsSync(store))
    await quietly(['keytool', '-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', ...at, ...names]);
  await quietly(['keytool', '-exportcert', '-rfc', '-file', certificate, ...at]);
}

/** The product's topics. @returns {Record<string, {partitions: number}>} */
export const topics = () => JSON.parse(readFileSync(path.join(root, 'deploy/topics.json'), 'utf8'));

/** @param {Record<string, string | number | boolean>} properties */
const lines = (properties) =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');

const logging = lines({
  'log4j.rootLogger': 'WARN, out',
  'log4j.appender.out': 'org.apache.log4j.ConsoleAppender',
  'log4j.appender.out.layout': 'org.apache.log4j.PatternLayout',
  'log4j.appender.out.layout.ConversionPattern': '%d %p %m (%c)%n',
});
