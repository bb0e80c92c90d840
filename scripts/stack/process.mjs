import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;

/**
 * @typedef {object} ProcessOptions
 * @property {string} name
 * @property {readonly string[]} command
 * @property {string} folder where it runs
 * @property {string} log a file that its output is added to
 * @property {Readonly<Record<string, string>>} [env]
 * @property {() => Promise<boolean>} isReady
 */
/**
 * @typedef {object} Process
 * @property {string} log
 * @property {() => number | undefined} pid undefined while it does not run
 * @property {() => Promise<void>} start resolves when it is ready, throws what it said last if it ended or took too long
 * @property {() => Promise<void>} kill as a power cut does
 * @property {() => Promise<void>} stop as an operator does
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Where there is one (Linux), the kernel ends the process with ours, however that ends. */
const guard = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] : [];

/** A program that can be started, killed and started again under one name. @param {ProcessOptions} options @returns {Process} */
export function createProcess({ name, command, folder, log, env = {}, isReady }) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  /** @type {Promise<void>} */
  let gone = Promise.resolve();

  async function start() {
    if (child) throw new Error(`${name} runs already`);
    const [program = '', ...words] = [...guard, ...command];
    const output = openSync(log, 'a');
    // A session of its own, so that Ctrl-C reaches us first and everything stops in order.
    const started = spawn(program, words, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    child = started;
    running.add(started);
    gone = new Promise((resolve) => {
      const ended = () => {
        running.delete(started);
        if (child === started) child = undefined;
        resolve();
      };
      started.once('exit', ended).once('error', ended);
    });
    for (const until = Date.now() + READY_WITHIN_MS; !(await isReady()); await sleep(50)) {
      if (child !== started) throw new Error(`${name} ended before it was ready:\n${lastOf(log)}`);
      if (Date.now() < until) continue;
      await end('SIGKILL');
      throw new Error(`${name} was not ready within ${READY_WITHIN_MS / 1000} s:\n${lastOf(log)}`);
    }
  }

  /** @param {NodeJS.Signals} signal */
  async function end(signal) {
    const ending = child;
    if (!ending) return;
    ending.kill(signal);
    const impatience = setTimeout(() => ending.kill('SIGKILL'), STOP_WITHIN_MS);
    await gone;
    clearTimeout(impatience);
  }

  return { log, pid: () => child?.pid, start, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

/** @param {string} log */
const lastOf = (log) => readFileSync(log, 'utf8').slice(-1000);
