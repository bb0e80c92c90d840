import { expect, onTestFinished } from 'vitest';
import type { Fault } from './faults.ts';
import { ROWS, type Rows } from './promises.ts';
import { randomFrom } from './random.ts';
import { say, sayIfAny } from './say.ts';
import { Stage, type StageOptions } from './stage.ts';

const PASSES = Number(process.env.PASSES ?? 1);
const PROMISES = [...new Set(ROWS.map((name) => name.slice(0, 2)))];
const WIDTH = 52;

/**
 * Faults one after another on one place, each under load, each followed by a look at everything. Says a line of the table for
 * each: violations of each promise, and what the fault did to clients.
 */
export async function befall(faults: readonly Fault[], options: StageOptions, passes = PASSES): Promise<Stage> {
  const random = randomFrom(options.seed);
  const stage = await Stage.open(options);
  onTestFinished(() => stage.close());
  const lines: string[] = [];
  try {
    for (const fault of Array.from({ length: passes }, () => faults).flat()) {
      const before = { ...stage.record.counts };
      await (fault.alone ? fault.befall(stage, random) : stage.under(() => fault.befall(stage, random)));
      const since = Date.now();
      const rows = await stage.findings();
      lines.push(lineOf(fault.name, rows, stage, before, Date.now() - since));
      const broken = await stage.explain(rows);
      sayIfAny(broken);
      expect(broken, fault.name).toEqual([]);
    }
  } finally {
    say([`${'fault'.padEnd(WIDTH)} ${PROMISES.join(' ')}  doubt later up in s`, ...lines].join('\n'));
  }
  return stage;
}

function lineOf(name: string, rows: Rows, { record }: Stage, before: Stage['record']['counts'], took: number): string {
  const broken = PROMISES.map((promise) =>
    ROWS.filter((each) => each.startsWith(promise)).reduce((sum, each) => sum + rows[each].found.length, 0),
  );
  const counts = [record.counts.retried - before.retried, record.counts.unavailable - before.unavailable];
  const columns = [
    ...broken.map((count) => String(count).padStart(2)),
    ...counts.map((count) => String(count).padStart(6)),
  ];
  return `${name.padEnd(WIDTH)} ${columns.join(' ')} ${(took / 1000).toFixed(1).padStart(7)}`;
}
