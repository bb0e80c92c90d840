// `npm run stack`: the program as it runs in a cluster, on this machine and without containers: five services, each with its Dapr
// sidecar, on a real Kafka. Ctrl-C ends it. From another terminal: `npm run stack -- down | status | logs NAME | kill NAME | roll SERVICE`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureDapr, ensureKafka } from './stack/binaries.mjs';
import { isListening } from './stack/ports.mjs';
import { SERVICE_NAMES } from './stack/routes.mjs';
import { build } from './steps/build.mjs';
import { install } from './steps/install.mjs';
import { root, StepFailed } from './steps/step.mjs';

const USAGE = `npm run stack [-- variant redpanda|oracle] [replicas sync=2,notification=2]
npm run stack -- down | status | logs NAME | logs about ID | kill NAME | roll SERVICE`;
const folder = path.resolve(root, process.env.DATA_DIR ?? 'data', 'stack');
const told = path.join(folder, 'stack.json');
/** Names the service that is to be replaced; and why one was not. */
const wished = path.join(folder, 'roll');
const failed = path.join(folder, 'roll-failed');

const [command = 'up', ...words] = process.argv.slice(2);
/** @type {Record<string, () => unknown>} */
const commands = { up, variant: up, replicas: up, down, status, logs, kill, roll };
try {
  await (commands[command] ?? usage)();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function usage() {
  console.error(USAGE);
  process.exitCode = 2;
}

async function up() {
  const given = optionsOf(process.argv.slice(2).filter((word) => word !== 'up'));
  if (!given) return usage();
  if (running()) throw new StepFailed('A stack runs already: npm run stack -- status');
  const port = Number(process.env.PORT ?? 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new StepFailed(`PORT is a number from 1 to 65535, not ${process.env.PORT}.`);
  if (await isListening(port))
    throw new StepFailed(`Something listens on port ${port} already. Another: PORT=8081 npm run stack`);
  await install();
  await build();
  await ensureDapr();
  await ensureKafka();
  mkdirSync(folder, { recursive: true });
  // Needs what was just installed.
  const { startStack } = await import('./stack/stack.mjs');
  /** @type {import('./stack/stack.mjs').Stack | undefined} */
  let stack;
  let isStopping = false;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
    process.on(signal, async () => {
      // What has started so far ends with this process.
      if (!stack) process.exit(1);
      // Told twice it stops once: its database is not to be cut off.
      if (isStopping) return;
      isStopping = true;
      console.log('  Stopping …');
      await stack.stop();
      rmSync(told, { force: true });
      process.exit(0);
    });
  const started = await startStack({
    ...given,
    run_folder: folder,
    port,
    usual_ports: true,
    env: { LOG_LEVEL: process.env.LOG_LEVEL ?? 'info' },
    say: (text) => console.log(`  ${text}`),
  }).catch((error) => {
    throw new StepFailed(`The stack did not start: ${error.message}`);
  });
  stack = started;
  const { url } = started;
  const tell = () => {
    writeFileSync(
      `${told}.next`,
      JSON.stringify({ pid: process.pid, url, variant: started.variant, processes: started.processes() }, null, 2),
    );
    renameSync(`${told}.next`, told);
  };
  tell();
  for (const left of [wished, failed]) rmSync(left, { force: true });
  setInterval(() => isStopping || tell(), 500);
  console.log(`\n  TaskMaster is ready:  ${url}\n  Logs are in ${folder}. Ctrl-C ends all of it.\n`);
  process.on('SIGUSR2', async () => {
    const service = /** @type {import('./stack/stack.mjs').ServiceName} */ (readFileSync(wished, 'utf8'));
    await started.roll(service).catch((error) => writeFileSync(failed, error.message));
    rmSync(wished, { force: true });
  });
}

/** @param {readonly string[]} words */
function optionsOf(words) {
  /** @type {{variant?: 'redpanda' | 'oracle', replicas?: Record<string, number>}} */
  const options = {};
  for (let at = 0; at < words.length; at += 2) {
    const [name, value = ''] = words.slice(at, at + 2);
    if (name === 'variant' && (value === 'redpanda' || value === 'oracle')) options.variant = value;
    else if (name === 'replicas') {
      const counts = value.split(',').map((one) => one.split('='));
      if (!counts.every(([service = '', count = '']) => isService(service) && /^[1-9]$/.test(count))) return;
      options.replicas = Object.fromEntries(counts.map(([service, count]) => [service, Number(count)]));
    } else return;
  }
  return options;
}

/** @param {string} word */
function isService(word) {
  return SERVICE_NAMES.some((name) => name === word);
}

/** @returns {{pid: number, url: string, variant: string, processes: {name: string, pid?: number, log: string}[]} | undefined} */
function running() {
  if (!existsSync(told)) return;
  const stack = JSON.parse(readFileSync(told, 'utf8'));
  try {
    process.kill(stack.pid, 0);
    return stack;
  } catch {
    return undefined;
  }
}

function stackOrFail() {
  const stack = running();
  if (!stack) throw new StepFailed('No stack runs here: npm run stack');
  return stack;
}

function status() {
  const { url, variant, processes } = stackOrFail();
  console.log(`${url}  (${variant})`);
  for (const { name, pid } of processes) console.log(`${name.padEnd(24)} ${pid ?? 'ended, it will be started again'}`);
}

async function down() {
  const { pid } = stackOrFail();
  process.kill(pid, 'SIGTERM');
  while (running()) await sleep(100);
  console.log('Stopped.');
}

/** As a power cut: it is started again, as in a cluster. */
function kill() {
  const { pid } = processCalled();
  if (!pid) throw new StepFailed('It does not run just now.');
  process.kill(pid, 'SIGKILL');
}

/** The new one is ready before the old one goes. */
async function roll() {
  const { pid } = stackOrFail();
  if (existsSync(wished)) throw new StepFailed('One is being replaced just now.');
  const [service = ''] = words;
  if (!isService(service)) throw new StepFailed(`Which? One of ${SERVICE_NAMES.join(', ')}`);
  writeFileSync(wished, service);
  process.kill(pid, 'SIGUSR2');
  while (existsSync(wished) && running()) await sleep(100);
  if (!existsSync(failed)) return;
  const reason = readFileSync(failed, 'utf8');
  rmSync(failed);
  throw new StepFailed(`${words[0]} was not replaced: ${reason}`);
}

function logs() {
  if (words[0] === 'about') return logsAbout(words[1] ?? '');
  spawn('tail', ['-n', '200', '-f', processCalled().log], { stdio: 'inherit' });
}

/** What each of them says of one act, by its correlation id, in the order of time. @param {string} id */
function logsAbout(id) {
  if (!id) return usage();
  const lines = stackOrFail().processes.flatMap(({ name, log }) =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes(id))
      .map((line) => ({ at: /"time":"([^"]+)"/.exec(line)?.[1] ?? '', text: `${name.padEnd(24)} ${line}` })),
  );
  if (lines.length === 0)
    console.error(
      'No line says this ID: the correlation_id of an audit entry, the x-request-id of an answer. Each step has a line where the stack was started by LOG_LEVEL=debug npm run stack.',
    );
  for (const { text } of lines.sort((one, other) => one.at.localeCompare(other.at))) console.log(text);
}

function processCalled() {
  const { processes } = stackOrFail();
  // `api` is the first of its instances, whatever its number.
  const first = new RegExp(`^${words[0]?.replaceAll(/[^a-z0-9-]/g, '.')}-\\d+$`);
  const found = processes.find(({ name }) => name === words[0]) ?? processes.find(({ name }) => first.test(name));
  if (!found) throw new StepFailed(`Which? One of ${processes.map(({ name }) => name).join(', ')}`);
  return found;
}
