import type { TaskAnswer } from '@taskmaster/contracts/http/tasks';
import { useEffect, useState } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { showToast } from '../../ui/toast.tsx';
import { newOp } from '../tasks/acts.tsx';
import { instantInWords } from '../tasks/when.ts';

/** What was deleted, the latest first, each to be brought back. */
export default function Deleted() {
  const { settings, today, seq, view } = useScreen();
  const [tasks, setTasks] = useState<TaskAnswer[] | null>(null);
  const [isAway, setAway] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed on the server may have changed this list
  useEffect(() => {
    let isGone = false;
    ask('/api/tasks?status=deleted&limit=200')
      .then((answer) => answer.json() as Promise<{ items: TaskAnswer[] }>)
      .then(
        ({ items }) => {
          if (isGone) return;
          setTasks(items.sort((a, b) => ((a.deleted_at ?? '') < (b.deleted_at ?? '') ? 1 : -1)));
          setAway(false);
        },
        () => !isGone && setAway(true),
      );
    return () => {
      isGone = true;
    };
  }, [seq]);

  const restore = (task: TaskAnswer) => {
    void edit(newOp('restore', 'task', task.id));
    setTasks((before) => before?.filter((one) => one.id !== task.id) ?? null);
    showToast({
      words: (
        <>
          Brought back: <b>{task.title}</b>
        </>
      ),
      undo: () => void edit(newOp('delete', 'task', task.id)),
    });
  };
  const gone = tasks?.filter((task) => !(view.get('task', task.id)?.deleted_at === null));

  return (
    <>
      <header className="view-head">
        <h1 className="title">Deleted</h1>
        <p className="facts view-facts">
          {isAway
            ? 'This list is read from the server, which does not answer now. Nothing of it is lost.'
            : gone
              ? `${gone.length} to bring back`
              : ''}
        </p>
      </header>
      {gone && gone.length > 0 && (
        <ul className="list">
          {gone.map((task) => (
            <li key={task.id} className="row">
              <span className="row-when">
                <time dateTime={task.deleted_at ?? ''}>
                  {instantInWords(task.deleted_at ?? task.updated_at, settings.time_zone, today)}
                </time>
              </span>
              <span className="row-shape">
                <Shape priority={task.priority} />
              </span>
              <span className="row-main">{task.title}</span>
              <span className="row-place">
                <button
                  type="button"
                  className="button quiet"
                  aria-label={`Bring back: ${task.title}`}
                  onClick={() => restore(task)}
                >
                  <Icon name="restore" /> Bring back
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
      {gone?.length === 0 && !isAway && (
        <Empty title="Nothing is deleted" picture={<Shape priority={null} />}>
          What you delete waits here, and comes back whole: with its notes, tags and sub-tasks.
        </Empty>
      )}
    </>
  );
}
