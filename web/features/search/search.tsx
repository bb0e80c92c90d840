import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { go, keepQuery, openTask, pathOf, useRoute } from '../shell/router.ts';
import { dueHere, dueInWords, instantInWords } from '../tasks/when.ts';
import { type Found, findProjects, findTasks, marked } from './find.ts';

/** Browsers refuse an address that changes at every key. */
const ADDRESS_AFTER_MS = 200;

/** Over all that is on this device, as one types. The address says what is looked for. */
export default function Search() {
  const { view } = useScreen();
  const { place } = useRoute();
  const inAddress = place.name === 'search' ? (place.query ?? '') : '';
  const [query, setQuery] = useState(inAddress);
  const asked = useDeferredValue(query);
  const field = useRef<HTMLInputElement>(null);
  const tasks = view.all('task');
  const all = view.all('project');
  const found = useMemo(() => findTasks(tasks, asked, all), [tasks, asked, all]);
  const projects = useMemo(() => findProjects(all, asked), [all, asked]);
  useEffect(() => field.current?.focus(), []);
  const written = useRef(inAddress);
  const keep = (now: string) => {
    written.current = now;
    keepQuery(now);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: a while after the last key
  useEffect(() => {
    const timer = setTimeout(() => keep(query), ADDRESS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [query]);
  // Back and forward say what is looked for: the field follows.
  useEffect(() => {
    if (inAddress !== written.current) setQuery(inAddress);
    written.current = inAddress;
  }, [inAddress]);

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
      {found.length + projects.length > 0 && (
        <ul className="list">
          {projects.map(({ project, hits }) => (
            <li key={project.id} className="row hit" data-color={project.color}>
              <span className="row-shape">
                <i className="spine" />
              </span>
              <div className="row-main">
                <a
                  className="row-title"
                  data-nav
                  href={pathOf({ name: 'project', id: project.id })}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                    event.preventDefault();
                    keep(query);
                    go({ name: 'project', id: project.id });
                  }}
                >
                  <Marked text={project.name} hits={hits} />
                </a>
              </div>
              <span className="row-place facts">Project</span>
            </li>
          ))}
          {found.map((one) => (
            <li key={one.task.id}>
              <Hit
                found={one}
                onOpen={() => {
                  keep(query);
                  openTask(one.task.id);
                }}
              />
            </li>
          ))}
        </ul>
      )}
      {asked.trim() !== '' && found.length + projects.length === 0 && (
        <Empty
          title="Nothing matches"
          picture={
            <span className="token" data-kind="tag">
              {asked}
            </span>
          }
          action={
            <button
              type="button"
              className="button"
              onClick={() => {
                keep(query);
                openQuickAdd(asked);
              }}
            >
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

function Hit({ found: { task, hits, inNotes }, onOpen }: { found: Found; onOpen(): void }) {
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
        <button type="button" className="row-title" data-nav onClick={onOpen}>
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
            <span>
              <Marked text={project.name} hits={hits} />
            </span>
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
