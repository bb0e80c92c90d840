import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Beginning, Break } from '@taskmaster/contracts/audit/entry';
import { NotOfAnExport, type Verified, verifyExport } from '@taskmaster/contracts/audit/verify-export';

/** What is wrong, for a person. */
const WORDS: Readonly<Record<Break['why'], string>> = {
  changed: 'it was changed after it was written, or another stands in its place',
  missing: 'it is not there',
  inserted: 'it stands where none belongs',
  cut: 'it is not there, nor what came after it, and both were signed',
  rewritten: 'the chain was written anew: another hash was signed',
  columns: 'what is shown of it is not what was stored',
  signature: 'it is not signed by the key it names, or not by yours',
  unproven:
    'the chain begins behind it, and none of the checkpoints given signed that place: unless a newer file of them has it, what was before is gone by another hand than retention’s',
  key: 'the key that stands beside it does not open it',
  unsealed: 'an export begins with its seal, and this one does not',
};
export const inWords = ({ chain, seq, why }: Break): string =>
  chain === 'export' ? `Its seal: ${WORDS[why]}.` : `${chain}, entry ${seq}: ${WORDS[why]}.`;

/**
 * Verifies the export in a file, without a network. `key`: the public key that everything must be signed with, kept by whoever
 * verifies. @throws where a file is no export, or cannot be read
 */
export async function verifyFile(file: string, checkpoints?: string, key?: string): Promise<Verified> {
  try {
    return await verifyExport(linesOf(file), checkpoints ? linesOf(checkpoints) : undefined, key);
  } catch (error) {
    if (!(error instanceof NotOfAnExport)) throw inFileWords(error);
    const where = error.of === 'export' ? file : checkpoints;
    const hint =
      error.line > 1 ? ' Where it is the last one, the file was cut in its middle: a download that broke off?' : '';
    throw new Error(`Line ${error.line} of ${where} is not of an export of the audit log, nor a checkpoint.${hint}`);
  }
}

/** A file that is not there, or is none. */
function inFileWords(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new Error(`There is no file ${path}.`);
  return code === 'EISDIR' || code === 'EACCES' ? new Error(`${path ?? 'That'} is no file that can be read.`) : error;
}

/** Opened when the first line is asked for: what a reader says before somebody listens is lost. */
async function* linesOf(file: string): AsyncGenerator<string> {
  yield* createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
}

/** Which chains begin late, and what that says. Nothing where all are whole. */
export function beginningsInWords(begins: readonly Beginning[] = []): string[] {
  const unproven = begins.filter(({ signed_at }) => signed_at === undefined);
  return [
    ...begins
      .filter(({ signed_at }) => signed_at !== undefined)
      .map(({ chain, seq, signed_at }) => `${chain} begins behind entry ${seq}, signed at ${signed_at}.`),
    ...(unproven.length > 0
      ? [
          `NOT PROVEN is the beginning of ${unproven.map(({ chain, seq }) => `${chain} (behind entry ${seq})`).join(', ')}: that retention took what was before, and nobody else, only --checkpoints FILE can show.`,
        ]
      : []),
  ];
}
