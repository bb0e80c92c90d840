import type { Task } from '@taskmaster/domain/task';
import { type ReactNode, useMemo, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { useLingering } from './lingering.ts';
import { type Group, listPlace } from './lists.ts';
import { TaskList } from './task-list.tsx';

/** A project or the Inbox: what is open in the order of the hand, and what was done, if asked for. */
export function PlaceList({
  projectId,
  title,
  empty,
}: {
  projectId: string | null;
  title: ReactNode;
  empty: ReactNode;
}) {
  const { view } = useScreen();
  const lingering = useLingering();
  const [showsDone, setShowsDone] = useState(false);
  const { open, done } = useMemo(() => listPlace(view, projectId, lingering), [view, projectId, lingering]);
  const groups = useMemo<Group[]>(() => (open.length > 0 ? [{ name: '', tasks: open }] : []), [open]);
  const doneGroup = useMemo<Group[]>(() => [{ name: 'Done', tasks: done }], [done]);
  const left = open.filter((task: Task) => task.status === 'pending').length;
  return (
    <>
      <header className="view-head">
        {title}
        <p className="facts view-facts">
          <span>{left === 0 ? 'Nothing to do' : `${left} to do`}</span>
          {done.length > 0 && (
            <button type="button" className="link" aria-expanded={showsDone} onClick={() => setShowsDone(!showsDone)}>
              {showsDone ? `Hide ${done.length} done` : `Show ${done.length} done`}
            </button>
          )}
        </p>
      </header>
      {groups.length > 0 ? <TaskList groups={groups} place={projectId ? 'project' : 'other'} /> : empty}
      {showsDone && done.length > 0 && (
        <TaskList groups={doneGroup} place={projectId ? 'project' : 'other'} withSteps={false} />
      )}
    </>
  );
}
