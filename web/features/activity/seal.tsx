import { chainOfWorkspace, type Verdict } from '@taskmaster/contracts/audit/chain';
import { localOf } from '@taskmaster/domain/time/zoned';
import { useEffect, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { beginningsInWords, breakInWords, type Owner } from './chain-words.ts';
import { type FileVerdict, verifyText } from './verify-file.ts';

type Checked = Omit<Verdict, 'entries'> & { intact_to: number; public_key: string };
interface Known {
  user_id: string;
  checked: Checked;
  at: string;
}
/** Of this visit: every look at the page need not compute every hash again. */
let known: Known | undefined;

/** Whether every chain is whole, up to where, since when one knows; to be checked again, and to be taken away. */
export function Seal({ people }: Required<Pick<Owner, 'people'>>) {
  const { person, settings, seq } = useScreen();
  const [now, setNow] = useState(known?.user_id === person.user_id ? known : undefined);
  const [state, setState] = useState<'idle' | 'checking' | 'away'>('idle');
  const owner = { ...person, people };
  const check = async () => {
    setState('checking');
    try {
      const checked = (await (await ask('/api/audit-logs/verify')).json()) as Checked;
      known = { user_id: person.user_id, checked, at: new Date().toISOString() };
      setNow(known);
      setState('idle');
    } catch {
      setState('away');
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, where nothing is known yet
  useEffect(() => {
    if (!now) void check();
  }, []);

  const checked = now?.checked;
  const broken = checked?.broken_at;
  const at = now ? localOf(now.at, settings.time_zone).time : '';
  const mine = checked?.chains.find((one) => one.chain === chainOfWorkspace(person.workspace_id))?.seq;
  const number = (count: number) => count.toLocaleString('en');
  return (
    <>
      <section className="seal" aria-label="Seal" data-broken={broken ? true : undefined} aria-live="polite">
        <svg className="seal-disc" viewBox="0 0 58 58" aria-hidden="true">
          <circle cx="29" cy="29" r="29" />
          {broken ? (
            <>
              <rect x="14" y="20" width="30" height="6" rx="3" />
              <rect x="14" y="32" width="11" height="6" rx="3" />
              <rect x="33" y="32" width="11" height="6" rx="3" />
            </>
          ) : (
            <>
              <rect x="14" y="20" width="30" height="6" rx="3" />
              <rect x="14" y="32" width={checked ? 30 : 15} height="6" rx="3" />
            </>
          )}
        </svg>
        <div>
          <h2 className="subtitle">
            {broken
              ? `Broken at #${number(broken.seq)}`
              : checked
                ? `Intact to #${number(mine ?? checked.intact_to)}`
                : state === 'away'
                  ? 'Not checked'
                  : `Checking ${number(seq)} entries`}
          </h2>
          <p>
            {broken
              ? `${breakInWords(broken, owner)} Checked at ${at}.${broken.why === 'unproven' ? '' : ' What was written before it is whole.'}`
              : checked
                ? `Every link of ${checked.chains.length === 1 ? '1 chain' : `${number(checked.chains.length)} chains`}, ${number(checked.intact_to)} entries, checked by the server at ${at}.`
                : state === 'away'
                  ? 'The server does not answer. What it wrote down is there as it was.'
                  : 'The server computes every hash anew.'}
            {checked && state === 'away' && ' The server did not answer just now.'}
          </p>
        </div>
        <div className="seal-acts">
          <button
            type="button"
            className="button"
            aria-disabled={state === 'checking'}
            onClick={() => state !== 'checking' && void check()}
          >
            {state === 'checking' && checked ? 'Checking' : 'Check again'}
          </button>
          <a className="button" href="/api/audit-logs/export" download="taskmaster-audit.jsonl">
            Export
          </a>
        </div>
      </section>
      <FileCheck owner={owner} placeKey={checked?.public_key} />
    </>
  );
}

/** An export is verified here by the browser alone: the file goes nowhere. */
function FileCheck({ owner, placeKey }: { owner: Owner; placeKey: string | undefined }) {
  const [said, setSaid] = useState<{ name: string; verdict: FileVerdict } | null>(null);
  const canVerify = typeof crypto !== 'undefined' && crypto.subtle !== undefined;
  const look = async (file: File | undefined) => {
    if (file) setSaid({ name: file.name, verdict: await verifyText(await file.text()) });
  };
  return (
    <p className="seal-file facts">
      An export can be verified anywhere: each line’s hash is SHA-256 over the hash before it and its text.{' '}
      {canVerify ? (
        <label className="link">
          Verify a file here
          <input
            type="file"
            accept=".jsonl,.txt"
            onChange={(event) => {
              void look(event.target.files?.[0]);
              event.target.value = '';
            }}
          />
        </label>
      ) : (
        'This browser computes hashes only over https, so not here.'
      )}
      {canVerify && ', without the server; it stays on this device.'}
      <span role="status" className="seal-said">
        {said && fileInWords(said.name, said.verdict, owner, placeKey)}
      </span>
    </p>
  );
}

function fileInWords(name: string, verdict: FileVerdict, owner: Owner, placeKey: string | undefined): string {
  if ('unreadable' in verdict) return `${name}: line ${verdict.unreadable} is no line of an export.`;
  if (verdict.broken_at) return `${name} is broken. ${breakInWords(verdict.broken_at, owner)}`;
  const chains = verdict.chains.length === 1 ? '1 chain' : `${verdict.chains.length} chains`;
  return `${name} is intact: ${verdict.entries.toLocaleString('en')} entries in ${chains}, none changed, none missing. ${beginningsInWords(verdict.begins, owner)}${signerInWords(verdict.public_keys, placeKey)}`;
}

/** Whether the one who sealed it is this place: as far as the server can be asked. */
function signerInWords([key = '']: readonly string[], placeKey: string | undefined): string {
  const short = `${key.slice(0, 8)}…${key.slice(-8)}`;
  if (placeKey === undefined) return `Sealed with the key ${short}; whose that is only the server can say.`;
  return key === placeKey
    ? `Sealed by this place, with the key ${short}.`
    : `Sealed by another place: the key is ${short}.`;
}
