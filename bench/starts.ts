import { setTimeout as sleep } from 'node:timers/promises';
import { distribution, type Figure, round } from './figures.ts';
import { proportionalMemory, watchOthers } from './machine.ts';
import { openStand, type Stand } from './stand.ts';

/** From the start of the process to the first answer of `/ready`. */
export async function starts(stand: Stand, firstStart: number, times: number): Promise<Figure[]> {
  const others = watchOthers();
  const first = [firstStart];
  const other = await openStand();
  first.push(other.firstStart);
  await other.end();
  const warm: number[] = [];
  while (warm.length < times) warm.push(await stand.restart());
  const share = others();
  const figure = (what: string, took: readonly number[], must: string, limit: number): Figure => ({
    what,
    value: `p50 ${round(distribution(took).p50)} ms of ${took.length}`,
    spread: `${round(Math.min(...took))}–${round(Math.max(...took))}`,
    must,
    reached: distribution(took).p50 < limit,
    ...(share === undefined ? {} : { others: share }),
    numbers: { ...distribution(took) },
  });
  return [
    figure('warm start', warm, '< 3 s', 3_000),
    figure('first start (makes the database)', first, '< 90 s with the build', 30_000),
  ];
}

/** Memory of program and database with nothing to do, shared pages by their share. */
export async function idleMemory(stand: Stand, seconds: number): Promise<Figure> {
  await stand.database.query('select 1');
  await sleep(seconds * 1000);
  const parts = proportionalMemory(stand.program.pid);
  const program = parts.find((part) => part.pid === stand.program.pid)?.megabytes ?? 0;
  const all = parts.reduce((sum, part) => sum + part.megabytes, 0);
  return {
    what: `memory after ${seconds} s of idling, PSS`,
    value:
      parts.length === 0
        ? 'not measured: needs /proc'
        : `${round(all)} MB: program ${round(program)}, database ${round(all - program)} in ${parts.length - 1} processes`,
    spread: '',
    must: '< 250 MB',
    reached: parts.length === 0 ? undefined : all < 250,
    numbers: { all, program, database: all - program },
  };
}
