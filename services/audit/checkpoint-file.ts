import { appendFile, type FileHandle, open } from 'node:fs/promises';
import type { RunningRuntime } from '@taskmaster/runtime/create-runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { Logger } from '@taskmaster/runtime/telemetry';

const say = statementsOf('audit');
/** The last line of a file is among the newest: looked for from the end. */
const placeOf = say<{ id: number }>(
  'checkpoint_of_line',
  'select id from audit.checkpoint where line = $1 order by id desc limit 1',
);
/** What is behind a line, or, where the line is not known, younger than it. */
const linesAfter = say<{ id: number; line: string }>(
  'checkpoint_lines_after',
  'select id, line from audit.checkpoint where id > $1 and at > $2 order by id limit 100',
);

/**
 * Whatever the file lacks is written behind its last whole line: a crash may have come between the database and it. Of the file
 * only its end is read. Where the database does not know that line, because it is an older one that was restored, what is
 * younger is written behind it, and the log says so.
 */
export async function bringUpToDate(
  file: string,
  runtime: Pick<RunningRuntime<'audit'>, 'background'>,
  log: Logger,
): Promise<void> {
  const last = await lastWholeLine(file, log);
  let id = 0;
  let younger = '-infinity';
  if (last !== undefined) {
    const [known] = await runtime.background((tx) => tx.query(placeOf, [last]), { readOnly: true });
    if (known) id = known.id;
    else {
      younger = timeOf(last) ?? younger;
      log.warn(
        { file, after: younger },
        'the database does not know the last line of the checkpoint file: was it restored?',
      );
    }
  }
  for (;;) {
    const page = await runtime.background((tx) => tx.query(linesAfter, [id, younger]), { readOnly: true });
    const end = page.at(-1);
    if (!end) return;
    await appendFile(file, page.map(({ line }) => `${line}\n`).join(''), { mode: 0o600 });
    id = end.id;
  }
}

/** Its last line, without one that was cut short: that is taken off. Nothing where there is no file, or no line. */
async function lastWholeLine(file: string, log: Logger): Promise<string | undefined> {
  const handle = await open(file, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const end = (await newlineBefore(handle, size)) + 1;
    if (end < size) {
      log.warn({ file }, 'the last line of the checkpoint file was cut short; it is written again');
      await handle.truncate(end);
    }
    if (end === 0) return undefined;
    const start = (await newlineBefore(handle, end - 1)) + 1;
    const bytes = Buffer.alloc(end - 1 - start);
    await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString();
  } finally {
    await handle.close();
  }
}

const STEP = 64 * 1024;

/** Where the last newline before this place is; -1 where there is none. */
async function newlineBefore(handle: FileHandle, before: number): Promise<number> {
  const bytes = Buffer.alloc(STEP);
  for (let end = before; end > 0; ) {
    const start = Math.max(0, end - STEP);
    const { bytesRead } = await handle.read(bytes, 0, end - start, start);
    const found = bytes.subarray(0, bytesRead).lastIndexOf(10);
    if (found >= 0) return start + found;
    end = start;
  }
  return -1;
}

function timeOf(line: string): string | undefined {
  try {
    const { at } = JSON.parse(line) as { at?: unknown };
    return typeof at === 'string' && !Number.isNaN(Date.parse(at)) ? at : undefined;
  } catch {
    return undefined;
  }
}
