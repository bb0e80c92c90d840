import { projectNamed } from '@taskmaster/domain/project-named';
import type { ParsedTask } from '@taskmaster/domain/quick-add/parse';
import type { ReactNode } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { priorityWord, Shape } from '../../ui/shape.tsx';
import { dueInWords, longDay } from '../tasks/when.ts';
import type { Grammar } from './grammar.ts';
import type { PlainLine } from './plain-line.ts';

/** The text as it was understood, in words: read out as it changes. `children` stand there while nothing was. */
export function Understood({ typed, id, children }: { typed: PlainLine; id: string; children?: ReactNode }) {
  const { line, grammar, tokens, count, wrong, isAllTitle } = typed;
  return (
    <p className="understood facts" id={id} aria-live="polite">
      {wrong !== null && <span className="wrong">Not added yet: {wrong}</span>}
      {count > 1 ? (
        `${count} lines become ${count} tasks`
      ) : grammar && line && (tokens.length > 0 || isAllTitle) ? (
        <>
          <Facts line={line} grammar={grammar} />
          {isAllTitle && <span>A task needs a title: so far “{line.title}” is its title, and nothing else.</span>}
        </>
      ) : (
        wrong === null && children
      )}
    </p>
  );
}

function Facts({ line, grammar }: { line: ParsedTask; grammar: Grammar }) {
  const { view, today } = useScreen();
  const repeat = repeatOf(line, grammar, today);
  const due = line.due_date ? { date: line.due_date, time: line.due_time } : null;
  const project = line.project === null ? undefined : projectNamed(view.all('project'), line.project);
  return (
    <>
      {line.priority && (
        <span>
          <Shape priority={line.priority} /> {priorityWord(line.priority)}
        </span>
      )}
      {repeat ? (
        <span>
          <Icon name="repeat" /> {grammar.labelOf(repeat.recurrence, line.due_time)}
        </span>
      ) : (
        due && (
          <span>
            <Icon name="calendar" /> {dueInWords(due, today)}
          </span>
        )
      )}
      {line.project !== null && (
        <span data-color={project?.color}>
          <i className="spine" /> {project?.name ?? `${line.project}, a new project`}
        </span>
      )}
      {line.tags.map((tag) => (
        <span key={tag} className="tag">
          @{tag}
        </span>
      ))}
      {line.reminders.map((reminder) => (
        <span key={JSON.stringify(reminder)}>
          <Icon name="bell" /> {'at' in reminder ? 'Reminds once' : `Reminds ${reminder.minutes_before} min before`}
        </span>
      ))}
      {line.notes && (
        <span className="understood-note">
          <Icon name="note" /> {line.notes}
        </span>
      )}
    </>
  );
}

/** The next dates of a repeat. */
export function NextDates({ line, grammar }: { line: ParsedTask; grammar: Grammar }) {
  const { settings, today } = useScreen();
  const repeat = repeatOf(line, grammar, today);
  if (!repeat) return null;
  const due = { due_date: repeat.due_date, due_time: line.due_time, due_zone: null };
  const later = grammar.preview(repeat.recurrence, due, settings.time_zone, 3);
  const { until, count } = repeat.recurrence;
  return (
    <div className="next-dates">
      {[repeat.due_date, ...later.map((one) => one.due_date)].map((date, index) => (
        <p key={date}>
          <span className="facts">{index === 0 ? 'Next' : 'then'}</span>
          <span>{longDay(date, today)}</span>
        </p>
      ))}
      <p className="facts next-end">{until ? `until ${longDay(until, today)}` : count ? `${count} times` : 'no end'}</p>
    </div>
  );
}

function repeatOf(line: ParsedTask, grammar: Grammar, today: string) {
  if (!line.recurrence) return null;
  const normal = grammar.normaliseRecurrence(line.recurrence, line, today);
  return normal.ok ? normal : null;
}
