import { chainOfUser, chainOfWorkspace, INSTALLATION_CHAIN } from '@taskmaster/contracts/audit/chain';
import type { AuditEntry } from '@taskmaster/contracts/audit/entry';
import { localOf } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { openTask, pathOf } from '../shell/router.ts';
import type { Act } from './acts.ts';
import { chainInWords } from './chain-words.ts';
import { explain, type Reader } from './explain.ts';

/** One act on the line; a ringed dot is a set, and opens. */
export function EntryRow({ act, reader }: { act: Act; reader: Reader }) {
  const [isOpen, setOpen] = useState(false);
  const count = act.rest.length;
  return (
    <>
      <li className="log-row" data-set={count > 0 || undefined}>
        <Entry entry={act.first} reader={reader}>
          {count > 0 && (
            <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {isOpen ? 'Less' : `${count} more by the same act`}
            </button>
          )}
        </Entry>
      </li>
      {isOpen &&
        act.rest.map((entry) => (
          <li key={entry.id} className="log-row" data-part>
            <Entry entry={entry} reader={reader} />
          </li>
        ))}
    </>
  );
}

function Entry({ entry, reader, children }: { entry: AuditEntry; reader: Reader; children?: React.ReactNode }) {
  const { view, person } = useScreen();
  const { who, did, what, from, to, why } = explain(entry, reader);
  const { time } = localOf(entry.timestamp, reader.zone);
  const isMine = entry.chain === chainOfWorkspace(person.workspace_id);
  const task = entry.task_id ? view.get('task', entry.task_id) : undefined;
  const where = isMine ? '' : chainInWords(entry.chain, { ...person, people: reader.people });
  const facts = [why, where && `in ${where}`].filter(Boolean).join('; ');
  return (
    <>
      <span className="log-seq" title={where ? `Entry ${entry.seq} of the chain of ${where}` : undefined}>
        {entry.chain === INSTALLATION_CHAIN || entry.chain === chainOfUser(person.user_id) ? 'sign-in ' : ''}#
        {entry.seq.toLocaleString('en')}
      </span>
      <span className="log-dot" />
      <time className="log-time" dateTime={entry.timestamp}>
        {time}
      </time>
      <Face entry={entry} who={who} people={reader.people} />
      <div className="log-main">
        <p className="log-words">
          <b>{who}</b> {did}{' '}
          {what &&
            (task ? (
              <a
                className="log-thing"
                href={`${pathOf({ name: 'activity' })}?task=${task.id}`}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                  event.preventDefault();
                  openTask(task.id);
                }}
              >
                {what}
              </a>
            ) : (
              what
            ))}
          {from !== undefined && (
            <>
              {' '}
              <s>{from}</s> <span className="hidden">to</span>
              <span aria-hidden="true">→</span> {to}
            </>
          )}
        </p>
        <p className="facts">
          <time className="log-time-under" data-last={(!facts && !children) || undefined} dateTime={entry.timestamp}>
            {time}
          </time>
          {facts}
          {children && (
            <>
              {facts && ' · '}
              {children}
            </>
          )}
        </p>
      </div>
      <code className="log-hash proof" title={entry.hash}>
        {entry.hash.slice(0, 4)} {entry.hash.slice(4, 8)}
      </code>
    </>
  );
}

const tints = ['teal', 'blue', 'rust', 'plum', 'olive'];

/** Who it was, as a sign: the letter of a name, or the house. */
function Face({ entry, who, people }: Pick<Reader, 'people'> & { entry: AuditEntry; who: string }) {
  const { id, kind } = entry.actor;
  const whose = kind === 'user' ? id : who !== 'TaskMaster' ? entry.user_id : null;
  if (!whose)
    return (
      <span className="log-face" aria-hidden="true">
        <Icon name={kind === 'token' ? 'hash' : who === 'TaskMaster' ? 'server' : 'eye'} />
      </span>
    );
  const tint = tints[Number.parseInt(whose.slice(-4), 16) % tints.length];
  return (
    <span className="log-face" data-color={tint} aria-hidden="true">
      {(people.get(whose) ?? who).charAt(0).toUpperCase()}
    </span>
  );
}
