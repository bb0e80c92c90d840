import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Break } from '@taskmaster/contracts/audit/entry';
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
  unsealed: 'an export begins with its seal, and this one does not',
};
export const inWords = ({ chain, seq, why }: Break): string => `${chain}, entry ${seq}: ${WORDS[why]}.`;

/**
 * Verifies the export in a file, without a network. `key`: the public key that everything must be signed with, kept by whoever
 * verifies. @throws where a file is no export, or cannot be read
 */
export async function verifyFile(file: string, checkpoints?: string, key?: string): Promise<Verified> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  const signed = checkpoints ? readFileSync(checkpoints, 'utf8').split('\n').filter(Boolean) : [];
  try {
    return await verifyExport(lines, signed, key);
  } catch (error) {
    if (!(error instanceof NotOfAnExport)) throw error;
    const where = error.of === 'export' ? file : checkpoints;
    throw new Error(`Line ${error.line} of ${where} is not of an export of the audit log, nor a checkpoint.`);
  }
}
