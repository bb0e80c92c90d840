/** What can be wrong, by the promise that it breaks. */
export const ROWS = [
  'P1 lost',
  'P1 answers differ',
  'P1 feed differs',
  'P2 phantom',
  'P2 replay differs',
  'P2 wrongly refused',
  'P3 doubled',
  'P4 gaps',
  'P4 out of order',
  'P4 dead letters',
  'P5 reminders missing',
  'P5 reminders doubled',
  'P5 reminders early',
  'P5 late without reason',
  'P5 mails lost',
  'P5 mails doubled',
  'P6 successors missing',
  'P6 successors doubled',
  'P7 seen by others',
  'P8 entries missing',
  'P8 entries without a change',
  'P8 chains broken',
  'P9 not caught up',
  'P9 unresolved',
  'P9 unclear errors',
] as const;
export type Wrong = (typeof ROWS)[number];

/** One counterexample; `id` is of what it is about: a task, a reminder, a workspace. */
export interface Finding {
  readonly what: string;
  readonly id?: string;
}

/** What was found in one row: how many were looked at, and how often what might have broken them happened. */
export interface Row {
  readonly found: readonly Finding[];
  readonly looked: number;
  readonly hit: number;
  /** What was looked at, and what counts as a hit. */
  readonly of: string;
  readonly window?: string;
}
export type Rows = Readonly<Record<Wrong, Row>>;

export const row = (found: readonly Finding[], looked: number, of: string, hit = 0, window?: string): Row => ({
  found,
  looked,
  hit,
  of,
  ...(window ? { window } : {}),
});

export const broken = (rows: Rows): Wrong[] => ROWS.filter((name) => rows[name].found.length > 0);

/** For people: what broke, out of how many, and how often it had the chance. */
export function tableOf(rows: Rows): string {
  const lines = ROWS.map((name) => {
    const { found, looked, of, hit, window } = rows[name];
    return [name, String(found.length), `of ${looked} ${of}`, window ? `${hit} ${window}` : ''] as const;
  });
  const widths = [0, 1, 2].map((column) => Math.max(...lines.map((line) => line[column as 0].length)));
  return lines
    .map(([name, count, looked, hit]) =>
      `${name.padEnd(widths[0] ?? 0)}  ${count.padStart(4)}  ${looked.padEnd(widths[2] ?? 0)}  ${hit}`.trimEnd(),
    )
    .join('\n');
}
