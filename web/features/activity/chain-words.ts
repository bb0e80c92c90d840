import { chainOfUser, chainOfWorkspace, INSTALLATION_CHAIN } from '@taskmaster/contracts/audit/chain';
import type { Beginning, Break } from '@taskmaster/contracts/audit/entry';
import { personalWorkspaceId } from '@taskmaster/domain/ids';

export interface Owner {
  user_id: string;
  workspace_id: string;
  /** Names by id, of whom one knows. */
  people?: ReadonlyMap<string, string>;
}

/** Which chain it is, as a person would say. */
export function chainInWords(chain: string, { user_id, workspace_id, people = new Map() }: Owner): string {
  if (chain === chainOfWorkspace(workspace_id)) return 'your tasks';
  if (chain === chainOfUser(user_id)) return 'your sign-ins';
  if (chain === INSTALLATION_CHAIN) return 'sign-ins of nobody known';
  const [kind, id = ''] = chain.split(':');
  if (kind === 'user') return `the sign-ins of ${people.get(id) ?? `person ${id.slice(0, 8)}`}`;
  const whose = [...people].find(([person]) => personalWorkspaceId(person) === id)?.[1];
  return whose ? `the tasks of ${whose}` : `the workspace ${id.slice(0, 8)}`;
}

const breaks: Record<Break['why'], string> = {
  changed: 'what is stored there is not what was written',
  missing: 'an entry is missing there',
  inserted: 'an entry was put in between there',
  cut: 'the chain was cut off before it',
  rewritten: 'from there on the chain was written anew: it no longer meets what was signed',
  columns: 'what is shown beside it is not what was written',
  signature: 'the signature is not of these words',
  unproven:
    'the chain begins behind it, and no checkpoint signed that: what was before is gone, by whose hand is not known',
  key: 'the key that stands beside it does not open it',
  unsealed: 'the seal is missing that an export begins with',
};

/** Which chain broke, where, and how; or that the file itself is none that was sealed. */
export const breakInWords = ({ chain, seq, why }: Break, owner: Owner): string =>
  chain === 'export'
    ? `In its first line, the seal: ${breaks[why]}.`
    : chain === 'checkpoint'
      ? `In checkpoint ${seq.toLocaleString('en')}: ${breaks[why]}.`
      : `In ${chainInWords(chain, owner)}, at #${seq.toLocaleString('en')}: ${breaks[why]}.`;

/** Which chains of a file begin late: nothing in the file can show by whose hand. */
export function beginningsInWords(begins: readonly Beginning[] = [], owner: Owner): string {
  if (begins.length === 0) return '';
  const all = begins.map(({ chain, seq }) => `${chainInWords(chain, owner)} (behind #${seq.toLocaleString('en')})`);
  return `Not proven is where it begins: ${all.join(', ')}. That only what is old was taken away before it, a file of checkpoints can show. `;
}
