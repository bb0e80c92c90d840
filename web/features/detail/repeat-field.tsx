import { labelOf } from '@taskmaster/domain/recurrence/label';
import { seriesDue } from '@taskmaster/domain/recurrence/slots';
import type { Task } from '@taskmaster/domain/task';
import { clocksChange } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { useGrammar } from '../quick-add/grammar.ts';
import { useReader } from '../quick-add/reader.ts';
import { skipTask, updateTask } from '../tasks/acts.tsx';
import { distance, longDay } from '../tasks/when.ts';
import { FoldField } from './fold-field.tsx';

/** A repeat as people say it, with its next dates. The series keeps its time, though this occurrence alone was moved. */
export function RepeatField({ task }: { task: Task }) {
  const { settings, today } = useScreen();
  const reader = useReader();
  const grammar = useGrammar();
  const [text, setText] = useState('');
  const series = seriesDue(task);
  const parsed = text.trim() === '' ? null : grammar?.parseRepeat(text, reader);
  const due_time = parsed?.due_time ?? series.due_time;
  const normal = parsed && grammar?.normaliseRecurrence(parsed.recurrence, parsed, today);
  const shown = normal?.ok
    ? { ...normal, following: normal.due_date }
    : task.recurrence && {
        recurrence: task.recurrence,
        due_date: task.due_date,
        following: laterOf(series.due_date, task.due_date),
      };
  const dates =
    shown?.due_date && grammar
      ? [
          { due_date: shown.due_date },
          ...grammar.preview(
            shown.recurrence,
            { due_date: shown.following, due_time, due_zone: task.due_zone },
            settings.time_zone,
            2,
          ),
        ]
      : [];

  const save = () => {
    if (!parsed || !normal?.ok) return;
    const due = { due_date: parsed.due_date, due_time, due_zone: due_time ? task.due_zone : null };
    updateTask(
      task,
      { recurrence: parsed.recurrence as never, due },
      `Repeats: ${labelOf(normal.recurrence, due_time)}`,
    );
    setText('');
  };

  return (
    <FoldField
      label="Repeats"
      isFixed={task.status === 'completed' && task.recurrence !== null}
      value={task.recurrence ? labelOf(task.recurrence, series.due_time) : <span className="facts">Never</span>}
    >
      <input
        className="field"
        aria-label="Repeat, in plain words"
        placeholder="every other thu at 16:00"
        value={text}
        aria-invalid={parsed === null && text.trim() !== ''}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') save();
          else if (event.key === 'Escape' && text !== '') {
            event.preventDefault();
            setText('');
          }
        }}
      />
      {text.trim() !== '' && (
        <p className="facts" role="status">
          {normal?.ok ? labelOf(normal.recurrence, due_time) : 'Not understood as a repeat. Nothing was changed.'}
        </p>
      )}
      <ul className="panel-dates">
        {dates.map(({ due_date }, index) => (
          <li key={due_date}>
            <span>{longDay(due_date, today)}</span>
            <span className="facts">
              {index === 0
                ? distance(due_date, today)
                : clockWords(dates[index - 1]?.due_date, due_date, due_time, settings.time_zone)}
            </span>
          </li>
        ))}
      </ul>
      <div className="panel-acts">
        {normal?.ok && (
          <button type="button" className="button primary" onClick={save}>
            Repeat so
          </button>
        )}
        {task.recurrence && (
          <>
            <button type="button" className="button" onClick={() => skipTask(task)}>
              Skip this one
            </button>
            <button
              type="button"
              className="button quiet"
              onClick={() => updateTask(task, { recurrence: null }, 'Repeats no more')}
            >
              Repeat no more
            </button>
          </>
        )}
      </div>
    </FoldField>
  );
}

const laterOf = (a: string | null, b: string | null): string | null => (a !== null && (b === null || a > b) ? a : b);

const clockWords = (from: string | undefined, to: string, time: string | null, zone: string): string =>
  from && time && clocksChange(from, to, time, zone) ? `clocks change, stays ${time}` : '';
