import type { Due, Task } from '@taskmaster/domain/task';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { useGrammar } from '../quick-add/grammar.ts';
import { useReader } from '../quick-add/reader.ts';
import { zoneNames } from '../settings/zones.ts';
import { updateTask } from '../tasks/acts.tsx';
import { distanceBeside, dueAsTyped, dueHere, dueInWords } from '../tasks/when.ts';
import { FoldField } from './fold-field.tsx';
import { NativePicker } from './native-picker.tsx';

/** When: in words, and behind a click as a line of plain language or as date, time and zone. */
export function DueField({ task }: { task: Task }) {
  const { settings, today } = useScreen();
  const reader = useReader();
  const grammar = useGrammar();
  const here = dueHere(task, settings.time_zone);
  const own = task.due_date ? { date: task.due_date, time: task.due_time } : null;
  /** What is being written: a change from elsewhere neither takes it away nor saves it. */
  const [draft, setDraft] = useState<string | null>(null);
  const text = draft ?? dueAsTyped(own, today);
  const parsed = grammar?.parseDue(text, reader);
  const [wholeSeries, setWholeSeries] = useState(false);
  const save = (due: Due) => {
    if (!task.recurrence) updateTask(task, { due }, 'Moved');
    else if (wholeSeries) updateTask(task, { due }, 'Moved the series from here on', 'series');
    else updateTask(task, { due }, 'Moved this one; the series keeps its dates');
  };
  const noDate = () => {
    if (task.due_date && !task.recurrence) save({ due_date: null, due_time: null, due_zone: null });
  };
  const saveText = () => {
    if (draft === null || (text.trim() !== '' && !parsed)) return;
    if (text.trim() === '') noDate();
    else if (parsed && (parsed.due_date !== task.due_date || parsed.due_time !== task.due_time))
      save({ ...parsed, due_zone: parsed.due_time ? task.due_zone : null });
    setDraft(null);
  };
  const isForeign = task.due_zone !== null && task.due_zone !== settings.time_zone;
  const isLate = here !== null && here.date < today && task.status === 'pending';

  const beside = here && (isForeign && here.time ? `${here.time} for you` : distanceBeside(here.date, today));

  return (
    <FoldField
      label="Due"
      isFixed={task.status === 'completed' && task.recurrence !== null}
      value={
        own && here ? (
          <>
            <b className={isLate ? 'late' : undefined}>{dueInWords(own, today)}</b>
            {isForeign && <> in {cityOf(task.due_zone ?? '')}</>}
            <span className="facts">{beside && ` · ${beside}`}</span>
          </>
        ) : (
          <span className="facts">No date</span>
        )
      }
    >
      {task.recurrence && (
        <fieldset className="panel-scope" aria-label="What moves">
          <label>
            <input type="radio" name="scope" checked={!wholeSeries} onChange={() => setWholeSeries(false)} />
            Only this one
          </label>
          <label>
            <input type="radio" name="scope" checked={wholeSeries} onChange={() => setWholeSeries(true)} />
            The series from here on
          </label>
        </fieldset>
      )}
      <input
        className="field"
        aria-label="Due, in plain words"
        placeholder="fri 16:00, in 3 days, 27 November"
        value={text}
        aria-invalid={text.trim() !== '' && parsed === null}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') saveText();
          else if (event.key === 'Escape' && draft !== null) {
            event.preventDefault();
            setDraft(null);
          }
        }}
        onBlur={saveText}
      />
      <p className="facts" role="status">
        {text.trim() === ''
          ? task.recurrence
            ? 'A repeating task needs a date.'
            : 'Empty: no date'
          : parsed
            ? dueInWords({ date: parsed.due_date, time: parsed.due_time }, today)
            : 'Not understood as a date. Nothing was changed.'}
      </p>
      <div className="panel-pickers">
        <NativePicker
          type="date"
          label="Date"
          value={task.due_date ?? ''}
          onSave={(due_date) =>
            due_date ? save({ due_date, due_time: task.due_time, due_zone: task.due_zone }) : noDate()
          }
        />
        <NativePicker
          type="time"
          label="Time"
          value={task.due_time ?? ''}
          onSave={(due_time) =>
            save({
              due_date: task.due_date ?? today,
              due_time: due_time || null,
              due_zone: due_time ? task.due_zone : null,
            })
          }
        />
      </div>
      {task.due_time && (
        <select
          className="field"
          aria-label="Zone of the time"
          value={task.due_zone ?? ''}
          onChange={(event) =>
            save({ due_date: task.due_date, due_time: task.due_time, due_zone: event.target.value || null })
          }
        >
          <option value="">Wherever I am</option>
          {zoneNames(settings.time_zone).map((zone) => (
            <option key={zone} value={zone}>
              In {zone}
            </option>
          ))}
        </select>
      )}
    </FoldField>
  );
}

const cityOf = (zone: string): string => (zone.split('/').at(-1) ?? zone).replaceAll('_', ' ');
