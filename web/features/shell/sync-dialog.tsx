import { localOf } from '@taskmaster/domain/time/zoned';
import type { Connection } from '../../sync/client.ts';
import type { BlockedOp, PendingOp } from '../../sync/device.ts';
import { dismissBlocked, edit, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Lines } from '../../ui/lines.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { newOp } from '../tasks/acts.tsx';
import { patchInWords, refusalInWords } from './refusal-words.ts';
import { openTask } from './router.ts';
import { syncWords } from './sync-words.ts';
import { typedAgain } from './typed-again.ts';

const sentences: Record<string, string> = {
  equal: 'What you see is also on the server.',
  here: 'Saved here. Going to the server now.',
  sending: 'Saved here. Going to the server now.',
  offline: 'Go on working. Everything you do is kept here and goes up when the server answers.',
  behind: 'The server is ahead: changes are coming in.',
  refused: 'Nothing you wrote is lost: it stands below.',
};

/** Why nothing is sent, where it is not for want of an answer. */
const held: Partial<Record<Connection, string>> = {
  signed_out: 'Go on working. Everything you do is kept here and goes up when you sign in again.',
  closed: 'Everything you do is kept here and goes up if you take the account back.',
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
          <p className="facts">{(state === 'offline' && held[status.connection]) || sentences[state]}</p>
          {!status.stored && (
            <p className="wrong">This browser lends no storage: edits are kept only while this tab is open.</p>
          )}
        </div>
      </header>
      {byThing(blocked).map((ops) => (
        <Refused key={ops[0]?.id} ops={ops} title={ops[0] ? titleOf(ops[0]) : ''} onLeave={onClose} />
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

/** What was refused of one thing belongs together. */
function byThing(blocked: readonly BlockedOp[]): BlockedOp[][] {
  const things = new Map<string, BlockedOp[]>();
  for (const one of blocked) things.set(one.id, [...(things.get(one.id) ?? []), one]);
  return [...things.values()];
}

/** What was to be changed of one thing, why the server did not, and what can be done about it. */
function Refused({ ops, title, onLeave }: { ops: readonly BlockedOp[]; title: string; onLeave(): void }) {
  const { view, today } = useScreen();
  const creation = ops.find(({ kind, entity }) => kind === 'create' && entity === 'task');
  const isHere = view.get('task', ops[0]?.id ?? '')?.deleted_at === null;
  const isDeleted = ops.every((one) => one.entity === 'task' && one.code === 'deleted');
  const reader = { today, projectName: (id: string) => view.get('project', id)?.name };
  const putAway = () => {
    for (const one of ops) dismissBlocked(one.op);
  };
  const writeAgain = ({ patch }: BlockedOp) => {
    const { text, isWhole } = typedAgain(patch, reader.projectName);
    onLeave();
    openQuickAdd(text, isWhole && ops.length === 1 ? putAway : undefined);
  };
  const bringBack = () => {
    const again = ops.map(({ kind, entity, id, patch, scope }) => newOp(kind, entity, id, patch, scope));
    void edit(newOp('restore', 'task', ops[0]?.id ?? ''), ...again);
    putAway();
  };
  return (
    <section className="sync-refused" aria-label={title}>
      {ops.map((one) => (
        <div key={one.op}>
          <p>
            <b>{title}</b>, {kindWords[one.kind]}: {refusalInWords(one)}
          </p>
          <dl>
            {patchInWords(one.patch, reader).map(([name, words]) => (
              <div key={name}>
                <dt className="facts">{name}</dt>
                <dd>{words}</dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
      <div className="sync-acts">
        {isDeleted && (
          <button type="button" className="button" onClick={bringBack}>
            Bring it back with this
          </button>
        )}
        {creation && (
          <button type="button" className="button" onClick={() => writeAgain(creation)}>
            Write it again
          </button>
        )}
        {!creation && isHere && (
          <button
            type="button"
            className="button"
            onClick={() => {
              onLeave();
              openTask(ops[0]?.id ?? null);
            }}
          >
            Open the task
          </button>
        )}
        <button type="button" className="button" onClick={putAway}>
          {isDeleted ? 'Leave it' : 'Put it away'}
        </button>
      </div>
    </section>
  );
}
