import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isSigned, type Verdict, Verifier } from '@taskmaster/contracts/audit/chain';
import { auditLineSchema, type Break, type Checkpoint, checkpointSchema } from '@taskmaster/contracts/audit/entry';
import type { z } from 'zod';

/** What is wrong, for a person. */
const WORDS: Readonly<Record<Break['why'], string>> = {
  changed: 'it was changed after it was written, or another stands in its place',
  missing: 'it is not there',
  inserted: 'it stands where none belongs',
  cut: 'the chain ends before it, and a checkpoint has signed it',
  rewritten: 'the chain was written anew: a checkpoint has signed another hash',
  columns: 'what is shown of it is not what was stored',
  signature: 'the checkpoint is not signed by the key it names',
};
export const inWords = ({ chain, seq, why }: Break): string => `${chain}, entry ${seq}: ${WORDS[why]}.`;

/**
 * Verifies an export without a network: every hash is computed again, and held against signed checkpoints where they are given.
 * `key` is the public key that the checkpoints must be signed with, kept by whoever verifies.
 */
export async function verifyExport(file: string, checkpoints?: string, key?: string): Promise<Verdict> {
  const verifier = new Verifier();
  for (const [index, checkpoint] of (checkpoints ? readCheckpoints(checkpoints) : []).entries()) {
    const isOurs = key === undefined || checkpoint.public_key === key;
    if (!isOurs || !(await isSigned(checkpoint))) verifier.fail('checkpoint', index + 1, 'signature');
    verifier.expect(checkpoint);
  }
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line !== '' && !(await verifier.add(entryIn(line, `line ${number} of ${file}`, auditLineSchema)))) break;
  }
  if (number === 0) throw new Error(`${file} holds no entries.`);
  return verifier.verdict(true);
}

const readCheckpoints = (file: string): Checkpoint[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => entryIn(line, `line ${index + 1} of ${file}`, checkpointSchema));

/** @throws where the line is not of that kind at all, which is no finding about a chain */
function entryIn<Kind>(line: string, where: string, schema: z.ZodType<Kind>): Kind {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    throw new Error(`${where} is not of an export of the audit log, nor a checkpoint.`);
  }
}
