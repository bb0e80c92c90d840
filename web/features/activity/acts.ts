import type { AuditEntry } from '@taskmaster/contracts/audit/entry';

/** Neighbours of one act together: what it was about first, then what followed from it. */
export interface Act {
  first: AuditEntry;
  rest: AuditEntry[];
}

/** `entries` are newest first; of an act the first change is what was asked for. */
export function actsOf(entries: readonly AuditEntry[]): Act[] {
  const acts: AuditEntry[][] = [];
  for (const entry of entries) {
    const last = acts.at(-1);
    const before = last?.at(-1);
    if (last && before?.chain === entry.chain && before.idempotency_key === entry.idempotency_key) last.push(entry);
    else acts.push([entry]);
  }
  return acts.flatMap((act) => {
    const [first, ...rest] = act.reverse();
    return first ? [{ first, rest }] : [];
  });
}
