import { shortLabel } from '@taskmaster/domain/recurrence/label';
import type { Priority, Project, Task } from '@taskmaster/domain/task';
import { memo } from 'react';
import { Icon } from '../../ui/icons.tsx';
import { Lines } from '../../ui/lines.tsx';
import { ShapeButton } from '../../ui/shape.tsx';
import { openTask } from '../shell/router.ts';
import { deleteTask, toggleTask, updateTask } from './acts.tsx';
import { dueHere, shortDay } from './when.ts';

export interface RowFacts {
  task: Task;
  project: Project | undefined;
  /** Of this task: how many sub-tasks, how many of them done. */
  steps: number;
  stepsDone: number;
  reminder: string | null;
  isHere: boolean;
  /** Another device has changed it just now. */
  hasArrived: boolean;
  isOpen: boolean;
  isSub: boolean;
  /** Shown in the list of its own project, or as part of Today. */
  place: 'today' | 'project' | 'other';
  today: string;
  zone: string;
  tagColors: string;
}

const nextPriority: Record<string, Priority | null> = { none: 'low', low: 'medium', medium: 'high', high: null };

/** One line: when, shape, title, facts; tags and project; two small lines while the edit is here alone. */
export const TaskRow = memo(function TaskRow(facts: RowFacts) {
  const { task, isHere, hasArrived, isOpen, isSub, today } = facts;
  const done = task.status === 'completed';
  return (
    <div
      className="row"
      data-id={task.id}
      data-sub={isSub || undefined}
      data-done={done || undefined}
      data-chosen={isOpen || undefined}
      data-arrived={hasArrived || undefined}
    >
      {!isSub && <When {...facts} />}
      <ShapeButton priority={task.priority} done={done} title={task.title} onToggle={() => toggleTask(task)} />
      <div className="row-main">
        <button type="button" className="row-title" data-nav onClick={() => openTask(task.id)}>
          {task.title}
        </button>
        <Facts {...facts} />
      </div>
      <span className="row-place facts">
        <Where {...facts} />
      </span>
      <span className="row-under facts">
        <When {...facts} />
        <Facts {...facts} />
        <Where {...facts} />
      </span>
      <span className="row-actions">
        {!done && task.due_date !== today && !task.recurrence && (
          <Action
            icon="sun"
            label={`Do today: ${task.title}`}
            onClick={() =>
              updateTask(
                task,
                { due: { due_date: today, due_time: task.due_time, due_zone: task.due_zone } },
                'Moved to today',
              )
            }
          />
        )}
        {!done && (
          <Action
            icon="flag"
            label={`Change the priority of ${task.title}`}
            onClick={() => updateTask(task, { priority: nextPriority[task.priority ?? 'none'] ?? null })}
          />
        )}
        <Action icon="bin" label={`Delete ${task.title}`} onClick={() => deleteTask(task)} />
      </span>
      <span className="row-sync" title={isHere ? 'On this device only, so far' : undefined}>
        {isHere && <Lines state="here" />}
      </span>
    </div>
  );
});

function Where({ task, project, place, isSub, tagColors }: RowFacts) {
  return (
    <>
      {task.tags.map((tag) => (
        <span key={tag} className="tag" data-color={colorOf(tagColors, tag)}>
          <b>@</b>
          {tag}
        </span>
      ))}
      {project && place !== 'project' && !isSub && (
        <span className="row-project" data-color={project.color}>
          <i className="spine" />
          {project.name}
        </span>
      )}
    </>
  );
}

function When({ task, place, today, zone }: RowFacts) {
  const due = dueHere(task, zone);
  if (!due) return <span className="row-when" />;
  const late = due.date < today && task.status === 'pending';
  const words =
    due.date === today && due.time
      ? due.time
      : due.date === today
        ? place === 'today'
          ? ''
          : 'Today'
        : shortDay(due.date, today);
  if (words === '') return <span className="row-when" />;
  return (
    <span className="row-when">
      <time className={late ? 'late' : undefined} dateTime={due.time ? `${due.date}T${due.time}` : due.date}>
        {words}
      </time>
    </span>
  );
}

function Facts({ task, steps, stepsDone, reminder, place, today, zone }: RowFacts) {
  const due = dueHere(task, zone);
  const time = due?.time && due.date !== today && place !== 'today' ? due.time : null;
  if (!task.recurrence && steps === 0 && !task.notes && !reminder && !time) return null;
  return (
    <span className="row-facts facts">
      {time && <span>{time}</span>}
      {task.recurrence && (
        <span title="Repeats">
          <Icon name="repeat" />
          {shortLabel(task.recurrence)}
        </span>
      )}
      {steps > 0 && (
        <span title="Sub-tasks">
          <Icon name="steps" />
          {stepsDone} of {steps}
        </span>
      )}
      {reminder && (
        <span title="Reminder">
          <Icon name="bell" />
          {reminder}
        </span>
      )}
      {task.notes && (
        <span>
          <Icon name="note" />
          <span className="hidden">Has notes</span>
        </span>
      )}
    </span>
  );
}

function Action({ icon, label, onClick }: { icon: 'sun' | 'flag' | 'bin'; label: string; onClick(): void }) {
  return (
    <button type="button" className="icon-button" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** Tags' colours as one string, so that rows compare by value. */
const colorOf = (colors: string, tag: string): string | undefined => {
  const at = colors.indexOf(`\n${tag.toLowerCase()}\t`);
  return at < 0 ? undefined : colors.slice(at + tag.length + 2, colors.indexOf('\n', at + 1));
};
