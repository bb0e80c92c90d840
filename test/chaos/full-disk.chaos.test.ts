import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import type { Fault } from './faults.ts';
import { waitFor } from './person.ts';
import { copyProgram, databasePid } from './program.ts';
import { SEED } from './random.ts';
import { say } from './say.ts';
import { makeSmallDisk, type SmallDisk, whyNoSmallDisk } from './small-disk.ts';
import type { Stage } from './stage.ts';

const MEGABYTES = 320;
/** Files that were used before are taken again; then there are none. */
const nextLogFile = `select pg_logical_emit_message(false, 'proof', 'x'), pg_switch_wal()`;

/**
 * Full for some seconds: the program answers 503, or it ends with its database, which cannot write its log, and then says why it
 * does not start. With room again it starts and has all that it acknowledged.
 */
const full = (disk: SmallDisk, atTheEnd: boolean): Fault => ({
  name: atTheEnd ? 'the disk full, and the log needs a new file' : 'the disk full',
  alone: true,
  async befall(stage: Stage) {
    // Where nothing can be written nothing is decided, for as long as the database takes to notice the room.
    const pause = { from: Date.now(), to: Number.POSITIVE_INFINITY };
    await stage.under(async () => {
      await sleep(1_000);
      stage.pauses.push(pause);
      disk.fill();
      if (atTheEnd) for (let times = 0; times < 8; times++) await stage.sql(nextLogFile).catch(() => undefined);
      await sleep(5_000);
      // Where its database has ended, the program ends as well.
      const isSettled = async () => {
        const answers = await stage.sql('select 1').then(
          () => true,
          () => false,
        );
        return answers || stage.program.hasEnded();
      };
      await waitFor(isSettled, 60_000);
    });
    const ended = stage.program.hasEnded();
    if (ended) {
      const { program } = stage;
      const saysWhy = async () => /What was acknowledged is safe|No space left/.test(program.said());
      expect(await waitFor(saysWhy, 5_000), program.said()).toBe(true);
      // While there is no room a start says so, or works with what is left.
      const start = stage.start();
      const how = await Promise.race([
        start.ready().then(
          () => 'ready',
          () => 'refused',
        ),
        start.gone.then(() => 'refused'),
      ]);
      if (how === 'refused') expect(start.said()).toMatch(/No space left|full disk|Make room/);
      say(`full: the program ended with its database; a start meanwhile: ${how}`);
    } else say('full: the program went on, and turned callers away');
    disk.free();
    if (stage.program.hasEnded()) stage.start();
    await stage.program.ready();
    pause.to = Date.now();
    await stage.under(() => sleep(1_000));
  },
});

const why = whyNoSmallDisk();
if (why) say(`full disk: not tested here, a mount namespace cannot be made: ${why}`);

test.skipIf(why !== undefined)(
  'on a disk that is full nothing acknowledged is lost, and with room again all goes on',
  async () => {
    const copy = copyProgram();
    onTestFinished(copy.remove);
    const disk = await makeSmallDisk(MEGABYTES);
    onTestFinished(() => disk.stop());
    const { data_dir, prefix, connection } = disk;
    await befall([full(disk, false), full(disk, true)], {
      folder: copy.folder,
      seed: SEED,
      data_dir,
      prefix,
      connection,
    });
    expect(databasePid(data_dir)).toBeUndefined();
  },
);
