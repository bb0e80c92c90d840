import { NotOfAnExport, type Verified, verifyExport } from '@taskmaster/contracts/audit/verify-export';

export type FileVerdict = Verified | { unreadable: number };

/** Follows the chains of an export line by line, here and nowhere else. `unreadable`: the line that is none of an export. */
export async function verifyText(text: string): Promise<FileVerdict> {
  try {
    return await verifyExport(text.split('\n'));
  } catch (error) {
    if (error instanceof NotOfAnExport) return { unreadable: error.line };
    throw error;
  }
}
