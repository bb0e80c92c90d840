import { labelOf } from '@taskmaster/domain/recurrence/label';
import type { Task } from '@taskmaster/domain/task';
import { clocksChange } from '@taskmaster/domain/time/zoned';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { useGrammar } from '../quick-add/grammar.ts';
import { skipTask, updateTask } from '../tasks/acts.tsx';
import { distance, longDay } from '../tasks/when.ts';

/** A repeat as people say it, with its next dates. */
export function RepeatField({ task }: { task: Task }) {
  const { settings, today, time } = useScreen();
  const grammar = useGrammar();
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const isPast = task.status === 'completed' && task.recurrence !== null;
  const parsed =
    text.trim() === ''
      ? null
      : grammar?.parseRepeat(text, {
          today,
          now: time,
          zone: settings.time_zone,
          week_start: settings.week_start,
          locale: settings.locale,
        });
  const normal = parsed && grammar?.normaliseRecurrence(parsed.recurrence, parsed, today);
  const shown = normal?.ok
    ? { recurrence: normal.recurrence, due_date: normal.due_date, due_time: parsed?.due_time ?? null }
    : task.recurrence
      ? { recurrence: task.recurrence, due_date: task.due_date, due_time: task.due_time }
      : null;
  const dates =
    shown?.due_date && grammar
      ? [
          { due_date: shown.due_date },
          ...grammar.preview(shown.recurrence, { ...shown, due_zone: task.due_zone }, settings.time_zone, 2),
        ]
      : [];

  const save = () => {
    if (!parsed || !normal?.ok) return;
    const due = {
      due_date: parsed.due_date,
      due_time: parsed.due_time ?? task.due_time,
      due_zone: task.due_zone && (parsed.due_time ?? task.due_time) ? task.due_zone : null,
    };
    updateTask(
      task,
      { recurrence: parsed.recurrence as never, due },
      `Repeats: ${labelOf(normal.recurrence, due.due_time)}`,
    );
  };

  return (
    <div className="panel-field">
      <span className="panel-label" id="repeat-label">
        Repeats
      </span>
      <div>
        <button
          type="button"
          className="panel-value"
          aria-expanded={isOpen}
          aria-describedby="repeat-label"
          disabled={isPast}
          onClick={() => setOpen(!isOpen)}
        >
          {task.recurrence ? labelOf(task.recurrence, task.due_time) : <span className="facts">Never</span>}
        </button>
        {isOpen && (
          <div className="panel-well">
            <input
              className="field"
              aria-label="Repeat, in plain words"
              placeholder="every other thu at 16:00"
              value={text}
              aria-invalid={parsed === null && text.trim() !== ''}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => event.key === 'Enter' && save()}
            />
            {text.trim() !== '' && (
              <p className="facts" role="status">
                {normal?.ok
                  ? labelOf(normal.recurrence, parsed?.due_time)
                  : 'Not understood as a repeat. Nothing was changed.'}
              </p>
            )}
            <ul className="panel-dates">
              {dates.map(({ due_date }, index) => (
                <li key={due_date}>
                  <span>{longDay(due_date, today)}</span>
                  <span className="facts">
                    {index === 0
                      ? distance(due_date, today)
                      : clockWords(dates[index - 1]?.due_date, due_date, shown?.due_time, settings.time_zone)}
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
          </div>
        )}
      </div>
    </div>
  );
}

const clockWords = (from: string | undefined, to: string, time: string | null | undefined, zone: string): string =>
  from && time && clocksChange(from, to, time, zone) ? `clocks change, stays ${time}` : '';
