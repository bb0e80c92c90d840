import { type Verdict, Verifier } from '@taskmaster/contracts/audit/chain';
import type { AuditLine } from '@taskmaster/contracts/audit/entry';

export type FileVerdict = Verdict | { unreadable: number };

/** Follows the chains of an export line by line, here and nowhere else. `unreadable`: the line that is none of an export. */
export async function verifyText(text: string): Promise<FileVerdict> {
  const verifier = new Verifier();
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    if (line.trim() === '') continue;
    const entry = lineOf(line);
    if (!entry) return { unreadable: number };
    if (!(await verifier.add(entry))) break;
  }
  return verifier.verdict(true);
}

function lineOf(text: string): AuditLine | undefined {
  try {
    const line = JSON.parse(text) as AuditLine;
    const isLine =
      typeof line.chain === 'string' &&
      Number.isInteger(line.seq) &&
      typeof line.stored === 'string' &&
      typeof line.hash === 'string';
    return isLine ? line : undefined;
  } catch {
    return undefined;
  }
}
