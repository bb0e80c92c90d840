import { execFile } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { befall } from './befall.ts';
import type { Fault } from './faults.ts';
import { Page } from './page.ts';
import { waitFor } from './person.ts';
import { copyProgram, type ProgramCopy, temporaryFolder } from './program.ts';
import { SEED } from './random.ts';
import { say } from './say.ts';
import { Stage } from './stage.ts';

const A_WHILE = 1_500;
const run = promisify(execFile);

/**
 * A backup is made while everybody works, and put back into another place after they went on. What came after it is sent again
 * by those who have it; pages throw away what they knew, and keep what they had not sent.
 */
const restored = (copy: ProgramCopy): Fault => ({
  name: 'a backup put back, with clients ahead of it',
  alone: true,
  async befall(stage: Stage) {
    const pages = stage.people.map((person) => new Page(person));
    for (const page of pages) page.make('before the backup');
    await Promise.all(pages.map((page) => page.meet(stage.url)));
    let since = 0;
    let file = '';
    await stage.under(async () => {
      await sleep(A_WHILE);
      since = stage.mark();
      file = await backup(copy, stage.data_dir);
      await sleep(A_WHILE);
    });
    for (const page of pages) page.make('after the backup');
    await Promise.all(pages.map((page) => page.meet(stage.url)));
    for (const page of pages) page.make('not sent yet');
    const ahead = pages.map((page) => page.device.cursor?.seq ?? 0);
    await stage.kill();
    await stage.moveTo(temporaryFolder('restored'), async (data_dir) => {
      const env = { ...process.env, DATA_DIR: data_dir };
      await run(process.execPath, [path.join(copy.folder, 'dist/main.js'), 'restore', file], { env });
    });
    stage.rewind(since);
    const heads = await stage.sql<{ id: string; head: string }>('select id, head from tasks.workspace');
    for (const [index, person] of stage.people.entries())
      expect(Number(heads.find((one) => one.id === person.workspace)?.head), 'the page was ahead').toBeLessThan(
        ahead[index] ?? 0,
      );
    await stage.settle();
    await stage.under(() => sleep(A_WHILE));
    await stage.settle();
    for (const [index, page] of pages.entries()) {
      const fresh = new Page(stage.people[index] as Stage['people'][number]);
      // Successors still come meanwhile: they are to have seen the same.
      const both = async () => {
        for (const one of [page, fresh]) await one.meet(stage.url);
        return page.device.cursor?.seq === fresh.device.cursor?.seq;
      };
      expect(await waitFor(both, 60_000), 'both at the same head').toBe(true);
      expect(page.device.outside(), 'everything is sent').toEqual([]);
      expect(rowsOf(page), 'as a page that is opened now').toEqual(rowsOf(fresh));
      const titles = rowsOf(page).map((task) => task.title);
      expect(titles).toContain('before the backup');
      expect(titles).toContain('not sent yet');
    }
    stage.expect(pages.flatMap((page) => page.ops));
  },
});

const rowsOf = (page: Page) =>
  [...page.device.rows.all('task')]
    .map(({ id, version, title }) => ({ id, version, title }))
    .sort((a, b) => a.id.localeCompare(b.id));

async function backup(copy: ProgramCopy, data_dir: string): Promise<string> {
  const env = { ...process.env, DATA_DIR: data_dir };
  const { stdout } = await run(process.execPath, [path.join(copy.folder, 'dist/taskmaster.js'), 'backup'], { env });
  const file = /\S+\.tmbackup/.exec(stdout)?.[0];
  if (!file) throw new Error(stdout);
  return file;
}

test('a backup put back loses nothing that its clients still have, and their pages begin anew', async () => {
  const copy = copyProgram();
  onTestFinished(copy.remove);
  await befall([restored(copy)], { folder: copy.folder, seed: SEED, env: { BACKUP_KEEP: '3' }, mail: false });
});

test('an old page is told so, and keeps its edits until it is a new one', async () => {
  const copy = copyProgram();
  onTestFinished(copy.remove);
  const stage = await Stage.open({ folder: copy.folder, seed: SEED, people: 1, mail: false });
  onTestFinished(() => stage.close());
  const [person] = stage.people;
  if (!person) throw new Error('Nobody is there.');
  const old = new Page(person, 0);
  for (let n = 1; n <= 3; n++) old.make(`edit ${n}`);
  const refused = await old.meet(stage.url);
  expect(JSON.parse(refused?.text ?? '{}')).toMatchObject({ code: 'schema_too_old', schema: 1 });
  expect(old.device.unsent()).toHaveLength(3);
  const renewed = new Page(person);
  renewed.device.add(old.device.pending);
  await renewed.meet(stage.url);
  expect(renewed.device.unsent()).toEqual([]);
  const titles = (await stage.sql('select title from tasks.task order by title')).map((row) => row.title);
  expect(titles).toEqual(['edit 1', 'edit 2', 'edit 3']);
  say(`an old page: ${refused?.status} schema_too_old, 3 of 3 edits kept and sent by the new one`);
});
