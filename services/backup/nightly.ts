import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type { BackupMade } from './backup.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
/** A night may be missed by a machine that was off; after two it is said. */
const OVERDUE = 2 * DAY;
/** `asked`: somebody wanted it, so it is theirs to take away. */
const NAME = /^taskmaster-(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z(-asked)?\.tmbackup$/;

export interface NightlyOptions {
  folder: string;
  /** How many nights are kept; the oldest go. What was asked for stays. */
  keep: number;
  make(file: string): Promise<BackupMade>;
  log: Logger;
}

/** A backup a day into a folder of its own, the last few kept; looked at once an hour, so a machine that slept makes up for it. */
export function startNightly({ folder, keep, make, log }: NightlyOptions) {
  const started = Date.now();
  let running: Promise<unknown> = Promise.resolve();

  const files = async (): Promise<{ file: string; at: number; asked: boolean }[]> =>
    (await readdir(folder).catch(() => [] as string[]))
      .flatMap((name) => {
        const [, date, hours, minutes, seconds, asked] = NAME.exec(name) ?? [];
        const at = Date.parse(`${date}T${hours}:${minutes}:${seconds}Z`);
        // One that is dated ahead is of a wrong clock: it must not stand for those that are to come.
        return date && at <= Date.now() + HOUR ? [{ file: join(folder, name), at, asked: asked !== undefined }] : [];
      })
      .sort((a, b) => b.at - a.at);

  /** One after another: two of one second would write one file. */
  function makeOne(asked: '-asked' | ''): Promise<BackupMade> {
    const mine = running.then(() => writeOne(asked));
    running = mine.catch(() => undefined);
    return mine;
  }

  async function writeOne(asked: '-asked' | ''): Promise<BackupMade> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // What a crash broke off: nobody else writes here.
    for (const name of await readdir(folder))
      if (name.endsWith('.unfinished')) await rm(join(folder, name), { force: true });
    const stamp = (await freeMoment()).replaceAll(':', '');
    const made = await make(join(folder, `taskmaster-${stamp}${asked}.tmbackup`));
    const nights = (await files()).filter((one) => !one.asked);
    for (const { file } of nights.slice(keep)) await rm(file, { force: true });
    log.info({ file: made.file, rows: made.rows, bytes: made.bytes }, 'backup made');
    return made;
  }

  /** A second that no backup has its name from. */
  async function freeMoment(): Promise<string> {
    const taken = new Set((await files()).map(({ at }) => at));
    let at = Math.floor(Date.now() / 1000) * 1000;
    while (taken.has(at)) at += 1000;
    return new Date(at).toISOString().replace('.000Z', 'Z');
  }

  async function look(): Promise<void> {
    const [last] = await files();
    if (last && Date.now() - last.at < DAY) return;
    await makeOne('').catch((error: Error) =>
      log.error({ err: error.message }, 'backup failed, tried again in an hour'),
    );
  }
  const first = setTimeout(() => void look(), HOUR / 6);
  const timer = setInterval(() => void look(), HOUR);

  return {
    /** Now, whatever there is. */
    make: () => makeOne('-asked'),
    /** What `/ready` says of it. */
    async state(): Promise<string> {
      const [last] = await files();
      const age = Date.now() - (last?.at ?? started);
      if (age > OVERDUE) return `overdue: ${last ? `the last is ${Math.round(age / DAY)} days old` : 'none was made'}`;
      if (!last) return 'the first is made soon';
      return age < HOUR ? 'the last was made within the hour' : `the last is ${Math.round(age / HOUR)} h old`;
    },
    async stop(): Promise<void> {
      clearTimeout(first);
      clearInterval(timer);
      await running;
    },
  };
}
export type Nightly = ReturnType<typeof startNightly>;
