import type { TaskAnswer } from '@taskmaster/contracts/http/tasks';
import type { Project } from '@taskmaster/domain/task';
import { type ReactNode, useEffect, useState } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { showToast } from '../../ui/toast.tsx';
import { newOp } from '../tasks/acts.tsx';
import { instantInWords } from '../tasks/when.ts';
import { type DeletedThing, deletedThings, MOST_DELETED } from './deleted-things.ts';

const itemsOf = async <T,>(path: string): Promise<T[]> => ((await (await ask(path)).json()) as { items: T[] }).items;

/** What was deleted, the latest first, each to be brought back: a project with the tasks that went with it. */
export default function Deleted() {
  const { seq, view } = useScreen();
  const [things, setThings] = useState<DeletedThing[] | null>(null);
  const [isAway, setAway] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever changed on the server may have changed this list
  useEffect(() => {
    let isGone = false;
    Promise.all([
      itemsOf<TaskAnswer>(`/api/tasks?status=deleted&limit=${MOST_DELETED}`),
      itemsOf<Project>('/api/projects?status=deleted'),
    ]).then(
      ([tasks, projects]) => {
        if (isGone) return;
        setThings(deletedThings(tasks, projects));
        setAway(false);
      },
      () => !isGone && setAway(true),
    );
    return () => {
      isGone = true;
    };
  }, [seq]);

  const restore = ({ kind, id, name, task_ids }: DeletedThing) => {
    void edit(newOp('restore', kind, id));
    setThings((before) => before?.filter((one) => one.id !== id && !task_ids.includes(one.id)) ?? null);
    showToast({
      words: (
        <>
          Brought back: <b>{name}</b>
          {kind === 'project' && ', with its tasks'}
        </>
      ),
      undo: () => void edit(newOp('delete', kind, id)),
    });
  };
  const gone = things?.filter(({ kind, id }) => view.get(kind, id)?.deleted_at !== null);

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
          {gone.map((thing) =>
            thing.kind === 'project' ? (
              <Row key={thing.id} thing={thing} onRestore={restore} mark={<i className="spine" />}>
                {thing.name} <span className="facts">{thing.words}</span>
              </Row>
            ) : (
              <Row key={thing.id} thing={thing} onRestore={restore} mark={<Shape priority={thing.priority} />}>
                {thing.name}
              </Row>
            ),
          )}
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

function Row({
  thing,
  mark,
  onRestore,
  children,
}: {
  thing: DeletedThing;
  mark: ReactNode;
  onRestore(thing: DeletedThing): void;
  children: ReactNode;
}) {
  const { settings, today } = useScreen();
  return (
    <li className="row" data-color={thing.color}>
      <span className="row-when">
        <time dateTime={thing.deleted_at}>{instantInWords(thing.deleted_at, settings.time_zone, today)}</time>
      </span>
      <span className="row-shape">{mark}</span>
      <span className="row-main">
        <span className="row-title">{children}</span>
      </span>
      <span className="row-place">
        <button
          type="button"
          className="button quiet"
          aria-label={`Bring back: ${thing.name}`}
          onClick={() => onRestore(thing)}
        >
          <Icon name="restore" /> Bring back
        </button>
      </span>
    </li>
  );
}
