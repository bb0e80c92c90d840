import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { openTask } from '../shell/router.ts';
import { dueHere, dueInWords, instantInWords } from '../tasks/when.ts';
import { type Found, findTasks, marked } from './find.ts';

/** Over all that is on this device, as one types. */
export default function Search() {
  const { view } = useScreen();
  const [query, setQuery] = useState('');
  const asked = useDeferredValue(query);
  const field = useRef<HTMLInputElement>(null);
  const tasks = view.all('task');
  const found = useMemo(() => findTasks(tasks, asked), [tasks, asked]);
  useEffect(() => field.current?.focus(), []);

  return (
    <>
      <header className="view-head search-head">
        <h1 className="hidden">Find</h1>
        <Icon name="search" />
        <input
          ref={field}
          className="search-field"
          type="search"
          aria-label="Find tasks"
          placeholder="Find a task"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return;
            event.preventDefault();
            document.querySelector<HTMLElement>('[data-nav]')?.focus();
          }}
        />
      </header>
      <p className="facts search-count" role="status">
        {asked.trim() === ''
          ? `${tasks.length} tasks on this device`
          : `${found.length} of ${tasks.length}, on this device`}
      </p>
      {found.length > 0 && (
        <ul className="list">
          {found.map((one) => (
            <li key={one.task.id}>
              <Hit found={one} />
            </li>
          ))}
        </ul>
      )}
      {asked.trim() !== '' && found.length === 0 && (
        <Empty
          title="Nothing matches"
          picture={
            <span className="token" data-kind="tag">
              {asked}
            </span>
          }
          action={
            <button type="button" className="button" onClick={() => openQuickAdd(asked)}>
              Add “{asked}” as a task
            </button>
          }
        >
          All {tasks.length} tasks on this device were searched, also for words spelled a little differently.
        </Empty>
      )}
    </>
  );
}

function Hit({ found: { task, hits, inNotes } }: { found: Found }) {
  const { view, settings, today } = useScreen();
  const project = task.project_id ? view.get('project', task.project_id) : undefined;
  const due = dueHere(task, settings.time_zone);
  const isDone = task.status === 'completed';
  return (
    <div className="row hit" data-id={task.id}>
      <span className="row-shape">
        <Shape priority={task.priority} done={isDone} />
      </span>
      <div className="row-main">
        <button type="button" className="row-title" data-nav onClick={() => openTask(task.id)}>
          <Marked text={task.title} hits={hits} />
        </button>
        {inNotes && (
          <span className="facts hit-notes">
            <Marked text={around(task.notes, hits)} hits={hits} />
          </span>
        )}
      </div>
      <span className="row-place facts">
        {isDone && task.completed_at ? (
          <span>done {instantInWords(task.completed_at, settings.time_zone, today)}</span>
        ) : (
          due && <span>{dueInWords(due, today)}</span>
        )}
        {project && (
          <span className="row-project" data-color={project.color}>
            <i className="spine" />
            {project.name}
          </span>
        )}
      </span>
    </div>
  );
}

const Marked = ({ text, hits }: { text: string; hits: readonly string[] }) =>
  marked(text, hits).map((piece) =>
    piece.isHit ? <mark key={piece.start}>{piece.text}</mark> : <span key={piece.start}>{piece.text}</span>,
  );

/** The part of a note that holds the first hit. */
function around(notes: string, hits: readonly string[]): string {
  const plain = notes.replace(/\s+/g, ' ');
  const hit = marked(plain, hits).find((piece) => piece.isHit);
  const from = Math.max(0, (hit?.start ?? 0) - 40);
  return `${from > 0 ? '… ' : ''}${plain.slice(from, from + 110)}`;
}
