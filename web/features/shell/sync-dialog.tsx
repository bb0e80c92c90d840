import { localOf } from '@taskmaster/domain/time/zoned';
import type { BlockedOp, PendingOp } from '../../sync/device.ts';
import { dismissBlocked, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Lines } from '../../ui/lines.tsx';
import { refusalInWords } from './refusal-words.ts';
import { syncWords } from './sync-words.ts';

const sentences: Record<string, string> = {
  equal: 'What you see is also on the server.',
  here: 'Saved here. Going to the server now.',
  sending: 'Saved here. Going to the server now.',
  offline: 'Go on working. Everything you do is kept here and goes up when the server answers.',
  behind: 'The server is ahead: changes are coming in.',
  refused: 'Nothing you wrote is lost: it stands below.',
};

/** All that the two lines know: what is only here, what was refused, how far this device has come. */
export default function SyncDialog({ onClose }: { onClose(): void }) {
  const screen = useScreen();
  const { pending, blocked, seq, settings, view, status } = screen;
  const { state, words } = syncWords(screen);
  const titleOf = ({ id, patch }: PendingOp): string =>
    view.get('task', id)?.title ??
    view.get('project', id)?.name ??
    (typeof patch.title === 'string' ? patch.title : typeof patch.name === 'string' ? patch.name : 'Something');
  return (
    <Dialog label="Sync" className="sync-dialog" onClose={onClose}>
      <header>
        <Lines state={state} />
        <div>
          <h2>{words}</h2>
          <p className="facts">{sentences[state]}</p>
          {!status.stored && (
            <p className="wrong">This browser lends no storage: edits are kept only while this tab is open.</p>
          )}
        </div>
      </header>
      {blocked.map((one) => (
        <Refused key={one.op} op={one} title={titleOf(one)} />
      ))}
      {pending.slice(0, 20).map((one) => (
        <p key={one.op} className="sync-line">
          <span>
            <b>{titleOf(one)}</b>, {kindWords[one.kind]}
          </span>
          <time className="facts">{localOf(one.at, settings.time_zone).time}</time>
        </p>
      ))}
      {pending.length > 20 && <p className="sync-line facts">and {pending.length - 20} more</p>}
      <footer className="facts">
        <span>Complete to #{seq.toLocaleString('en')}</span>
        <button type="button" className="link" onClick={onClose}>
          Close
        </button>
      </footer>
    </Dialog>
  );
}

const kindWords: Record<PendingOp['kind'], string> = {
  create: 'added',
  update: 'changed',
  complete: 'done',
  reopen: 'not done after all',
  skip: 'skipped',
  snooze: 'snoozed',
  delete: 'deleted',
  restore: 'brought back',
};

function Refused({ op, title }: { op: BlockedOp; title: string }) {
  return (
    <div className="sync-refused">
      <p>
        <b>{title}</b>, {kindWords[op.kind]}: {refusalInWords(op)}
      </p>
      {Object.keys(op.patch).length > 0 && <pre className="proof">{JSON.stringify(op.patch, null, 1)}</pre>}
      <button type="button" className="button" onClick={() => dismissBlocked(op.op)}>
        Put it away
      </button>
    </div>
  );
}
