/** One line of the table: what was measured, what it must be, and whether it is. */
export interface Figure {
  readonly what: string;
  readonly value: string;
  /** The same over parts of the run: least and most. */
  readonly spread: string;
  readonly must: string;
  readonly reached: boolean | undefined;
  /** Part of the machine that processes which are not ours took meanwhile, 0 to 1. */
  readonly others?: number;
  readonly numbers: Readonly<Record<string, number>>;
  readonly note?: string;
}

export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
}

/** Of values in milliseconds. */
export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: sorted.at(-1) ?? Number.NaN };
}

/** Least and most of a figure over `parts` equal parts of the run. */
export function spreadOf(values: readonly number[], of: (part: readonly number[]) => number, parts = 3): string {
  const size = Math.floor(values.length / parts);
  if (size === 0) return '';
  const found = Array.from({ length: parts }, (_, index) => of(values.slice(index * size, (index + 1) * size)));
  return `${round(Math.min(...found))}–${round(Math.max(...found))}`;
}

export const round = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

export const milliseconds = (found: Distribution): string =>
  `p50 ${round(found.p50)}, p95 ${round(found.p95)}, p99 ${round(found.p99)} ms`;

export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.value,
    figure.spread,
    figure.must,
    figure.reached === undefined ? '·' : figure.reached ? 'yes' : 'NO',
    figure.others === undefined ? '' : `${(figure.others * 100).toFixed(0)} %${figure.others > 0.1 ? ' busy' : ''}`,
  ]);
  const titles = ['what', 'measured', 'spread', 'must', 'reached', 'others'];
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const notes = figures.flatMap((figure) => (figure.note ? [`${figure.what}: ${figure.note}`] : []));
  return [line(titles), ...rows.map(line), ...notes].join('\n');
}
