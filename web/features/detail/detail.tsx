import { isBlank } from '@taskmaster/domain/blank';
import { useEffect, useRef, useState } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { Lines } from '../../ui/lines.tsx';
import { ShapeButton } from '../../ui/shape.tsx';
import { showToast } from '../../ui/toast.tsx';
import { History, useHistory } from '../history/history.tsx';
import { KeptEdits } from '../history/kept-edits.tsx';
import { byPlace } from '../projects/project-links.tsx';
import { openTask } from '../shell/router.ts';
import { deleteTask, moveTo, newOp, toggleTask, updateTask } from '../tasks/acts.tsx';
import { instantInWords } from '../tasks/when.ts';
import { DueField } from './due-field.tsx';
import { Notes } from './notes.tsx';
import { PriorityField } from './priority-field.tsx';
import { RemindersField } from './reminders-field.tsx';
import { RepeatField } from './repeat-field.tsx';
import { Steps } from './steps.tsx';
import { TagsField } from './tags-field.tsx';

/** One task beside the list, every part of it editable in place. */
export default function Detail({ id }: { id: string }) {
  const { view, settings, today } = useScreen();
  const task = view.get('task', id);
  const panel = useRef<HTMLElement>(null);
  const history = useHistory(id, task?.version);
  useEffect(() => {
    panel.current?.focus();
  }, []);
  if (!task)
    return (
      <aside className="panel" aria-label="Task" ref={panel} tabIndex={-1}>
        <PanelHead>{null}</PanelHead>
        <p className="panel-body">This task is not on this device: it was done long ago, deleted, or is not yours.</p>
      </aside>
    );
  const projects = [...view.all('project')].sort(byPlace);
  const project = projects.find((one) => one.id === task.project_id);
  const parent = task.parent_id ? view.get('task', task.parent_id) : undefined;
  const isHere = view.stateOf(id) === 'here';
  const link = () => {
    const address = `${location.origin}/today?task=${id}`;
    // Only a secure context lends the clipboard.
    navigator.clipboard?.writeText(address).then(
      () => showToast({ words: 'Link copied' }),
      () => undefined,
    );
  };

  return (
    <aside className="panel" aria-label={`Task: ${task.title}`} ref={panel} tabIndex={-1}>
      <PanelHead>
        <span className="panel-place" data-color={project?.color}>
          <i className="spine" />
          <select
            aria-label="Project"
            value={task.project_id ?? ''}
            onChange={({ target }) =>
              updateTask(task, moveTo(task, target.value || null), `Moved to ${target.selectedOptions[0]?.text ?? ''}`)
            }
          >
            <option value="">Inbox</option>
            {projects.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </select>
          {parent && (
            <button type="button" className="panel-parent" onClick={() => openTask(parent.id)}>
              / {parent.title}
            </button>
          )}
        </span>
        {typeof navigator !== 'undefined' && navigator.clipboard && (
          <button
            type="button"
            className="icon-button"
            aria-label="Copy a link to this task"
            title="Copy a link"
            onClick={link}
          >
            <Icon name="link" />
          </button>
        )}
        {task.deleted_at === null && (
          <button
            type="button"
            className="icon-button"
            aria-label="Delete this task"
            title="Delete"
            onClick={() => {
              deleteTask(task);
              openTask(null);
            }}
          >
            <Icon name="bin" />
          </button>
        )}
      </PanelHead>
      <div className="panel-body">
        {task.deleted_at !== null && (
          <p className="banner-past">
            Deleted.
            <button type="button" className="link" onClick={() => void edit(newOp('restore', 'task', id))}>
              Bring it back
            </button>
          </p>
        )}
        <div className="panel-title">
          <ShapeButton
            priority={task.priority}
            done={task.status === 'completed'}
            title={task.title}
            onToggle={() => toggleTask(task)}
          />
          <TitleField title={task.title} onSave={(title) => updateTask(task, { title })} />
        </div>
        <KeptEdits task={task} entries={history.entries} />
        <div className="panel-fields">
          <DueField task={task} />
          <RepeatField task={task} />
          <RemindersField task={task} />
          <PriorityField task={task} />
          <TagsField task={task} />
        </div>
        <Notes task={task} />
        <Steps task={task} />
        <History {...history} />
      </div>
      <footer className="panel-foot facts">
        <Lines state={isHere ? 'here' : 'equal'} />
        <span>{isHere ? 'Saved on this device' : 'Saved on the server'}</span>
        <span className="panel-made">Made {instantInWords(task.created_at, settings.time_zone, today)}</span>
      </footer>
    </aside>
  );
}

function PanelHead({ children }: { children: React.ReactNode }) {
  return (
    <header className="panel-head">
      {children}
      <button
        type="button"
        className="icon-button"
        aria-label="Close the task"
        title="Close"
        onClick={() => openTask(null)}
      >
        <Icon name="close" />
      </button>
    </header>
  );
}

function TitleField({ title, onSave }: { title: string; onSave(title: string): void }) {
  /** What is being written: another device's edit does not take it away. */
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? title;
  const save = () => {
    const wanted = text.replace(/\s+/g, ' ').trim();
    if (!isBlank(wanted) && wanted !== title) onSave(wanted);
    setDraft(null);
  };
  return (
    <div className="growing subtitle" data-text={text}>
      <textarea
        aria-label="Title"
        rows={1}
        maxLength={500}
        value={text}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault();
            event.currentTarget.blur();
          } else if (event.key === 'Escape') {
            event.preventDefault();
            setDraft(null);
          }
        }}
      />
    </div>
  );
}
