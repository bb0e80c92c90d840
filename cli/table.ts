/** Rows as columns that line up, with a title line; what is missing is a dash. */
export function table(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): string {
  const cells = rows.map((row) => columns.map((column) => text(row[column])));
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((row) => row[index]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns.map((column) => column.replaceAll('_', ' '))), ...cells.map(line)].join('\n');
}

/** One line a cell: nothing that was written by others may move the cursor. */
const text = (value: unknown): string =>
  value === null || value === undefined || value === ''
    ? '–'
    : String(value)
        .replaceAll(/\p{Cc}+/gu, ' ')
        .slice(0, 80);
