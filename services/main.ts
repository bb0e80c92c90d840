import { StartRefusal } from '@taskmaster/db/server/start';
import { RestoreRefusal } from './backup/restore.ts';
import { ConfigRefusal, readConfig } from './config.ts';
import { onDapr, withSecrets } from './dapr.ts';
import { startDistributed } from './distributed.ts';
import { newEpochAlone, restoreSingle, startSingle } from './single.ts';

const VERSION = '0.1.0';

/** The program: reads its settings, starts, says where it is, and stops cleanly on Ctrl-C or SIGTERM; or does what needs the database alone. */
async function main(): Promise<void> {
  const isDistributed = process.env.MODE === 'distributed';
  const config = readConfig(isDistributed ? await withSecrets(process.env) : process.env);
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const [command, file] = process.argv.slice(2);
  if (command === 'restore' && file) {
    const { at, rows } = await restoreSingle(config, file, say);
    return say(`\n  Restored: ${rows} rows, as of ${at}. Start TaskMaster now.\n`);
  }
  if (command === 'new-epoch') {
    const { workspaces } = await newEpochAlone(config, say);
    return say(`\n  A new epoch has begun in ${workspaces} workspaces. Start TaskMaster now.\n`);
  }
  if (command !== undefined) throw new Error('Known besides starting: restore FILE, new-epoch.');
  const options = { version: VERSION, progress: say };
  const running = isDistributed
    ? await startDistributed(config, { ...options, createAdapter: onDapr(config) })
    : await startSingle(config, options);
  say(`\n  TaskMaster is ready:  ${running.url}\n`);
  if (running.firstAccountUrl)
    say(`  The first account runs the place. Make it here, once:  ${running.firstAccountUrl}\n`);

  let stopping = false;
  /** The reason is its last word: whoever looks at the end of the log finds it below what failed meanwhile. */
  const stop = async (code: number, reason?: string) => {
    if (stopping) return;
    stopping = true;
    const exit = (with_code: number) => {
      if (reason) say(reason);
      process.exit(with_code);
    };
    setTimeout(() => exit(code || 1), 20_000).unref();
    await running.stop();
    exit(code);
  };
  process.on('SIGINT', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  void running.broken.then((reason) => {
    say(`${reason} TaskMaster stops.`);
    void stop(1, `${reason} What was acknowledged is safe. Start again.`);
  });
}

const isListenError = (error: unknown): error is Error & { code: string } =>
  error instanceof Error &&
  ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'].includes((error as { code?: string }).code ?? '') &&
  /listen|getaddrinfo/.test(error.message);

main().catch((error: unknown) => {
  if (error instanceof ConfigRefusal)
    process.stderr.write(`TaskMaster cannot start with these settings:\n${error.message}\n`);
  else if (error instanceof StartRefusal)
    process.stderr.write(`TaskMaster cannot start: ${error.message}\n${error.what_to_do}\n`);
  else if (error instanceof RestoreRefusal) process.stderr.write(`Not restored. ${error.message}\n`);
  else if (isListenError(error))
    process.stderr.write(
      `TaskMaster cannot start: HOST and PORT name an address that cannot be listened on (${error.code}). Is another program there? Nothing was lost.\n`,
    );
  else process.stderr.write(`TaskMaster cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
