import { hashOfLine, isSigned, openPayload, type Verdict, Verifier } from './chain.ts';
import type { AuditLine, Checkpoint, ExportSeal } from './entry.ts';

/** The line is of no export, or of no file of checkpoints: nothing can be said about a chain. */
export class NotOfAnExport extends Error {
  constructor(
    readonly of: 'export' | 'checkpoints',
    readonly line: number,
  ) {
    super(`Line ${line} of the ${of} is none.`);
  }
}

export interface Verified extends Verdict {
  /** When the export was made; empty where it has no seal. */
  at: string;
  /** Who signed. The same key as ever, if nobody but the place itself has. */
  public_keys: string[];
  /** How many checkpoints it was held against. */
  checkpoints: number;
}

/**
 * Verifies an export without a server: its seal says which chains it holds, every hash is computed again, and each is held
 * against the checkpoints, where there are any to give: then a chain has to begin where one of them says. Where a `key` is
 * given, nothing counts that another has signed. @throws NotOfAnExport
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  checkpoints?: AsyncIterable<string> | Iterable<string>,
  key?: string,
): Promise<Verified> {
  const signers = new Set<string>();
  const isGood = async (said: Checkpoint | ExportSeal): Promise<boolean> => {
    signers.add(said.public_key);
    return (key === undefined || said.public_key === key) && (await isSigned(said).catch(() => false));
  };
  let verifier: Verifier | undefined;
  let number = 0;
  let held = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    const one = read(line);
    if (!verifier) {
      if (!isSeal(one)) {
        if (!isLine(one)) throw new NotOfAnExport('export', number);
        return {
          entries: 0,
          chains: [],
          broken_at: { chain: 'export', seq: 1, why: 'unsealed' },
          at: '',
          public_keys: [],
          checkpoints: 0,
        };
      }
      verifier = new Verifier(one, checkpoints !== undefined);
      if (!(await isGood(one))) verifier.fail('export', 1, 'signature');
      if (checkpoints) held = await hold(verifier, checkpoints, isGood);
      continue;
    }
    if (!isLine(one)) throw new NotOfAnExport('export', number);
    if (!(await verifier.add(one))) break;
    if (one.key !== undefined && !(await opens(one))) verifier.fail(one.chain, one.seq, 'key');
  }
  if (!verifier) throw new NotOfAnExport('export', 1);
  return { ...verifier.verdict(), at: verifier.holds.at, public_keys: [...signers], checkpoints: held };
}

async function hold(
  verifier: Verifier,
  checkpoints: AsyncIterable<string> | Iterable<string>,
  isGood: (said: Checkpoint) => Promise<boolean>,
): Promise<number> {
  let before: string | undefined;
  let number = 0;
  let held = 0;
  for await (const line of checkpoints) {
    number++;
    if (line === '') continue;
    const one = read(line);
    if (!isCheckpoint(one)) throw new NotOfAnExport('checkpoints', number);
    const good = await isGood(one);
    if (!good) verifier.fail('checkpoint', number, 'signature');
    if (before !== undefined && one.previous !== (await hashOfLine(before)))
      verifier.fail('checkpoint', number, 'missing');
    verifier.expect(one, good);
    before = line;
    held++;
  }
  return held;
}

const opens = (line: AuditLine): Promise<boolean> =>
  openPayload(line).then(
    () => true,
    () => false,
  );

function read(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isPlace = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && Number.isInteger(value[0]) && typeof value[1] === 'string';
const isBySomebody = (one: unknown): one is Record<string, unknown> =>
  isRecord(one) &&
  typeof one.at === 'string' &&
  typeof one.public_key === 'string' &&
  typeof one.signature === 'string';

// By hand, not by schema: a browser does it too, and loads nothing for it.
const isSeal = (one: unknown): one is ExportSeal =>
  isBySomebody(one) &&
  isRecord(one.chains) &&
  Object.values(one.chains).every((of) => isRecord(of) && isPlace(of.from) && isPlace(of.head));
const isCheckpoint = (one: unknown): one is Checkpoint =>
  isBySomebody(one) && isRecord(one.heads) && Object.values(one.heads).every(isPlace);
const isLine = (one: unknown): one is AuditLine =>
  isRecord(one) &&
  typeof one.chain === 'string' &&
  Number.isInteger(one.seq) &&
  typeof one.stored === 'string' &&
  typeof one.hash === 'string';
