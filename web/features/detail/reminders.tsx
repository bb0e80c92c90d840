import type { Reminder, Task } from '@taskmaster/domain/task';
import { useScreen } from '../../sync/store.ts';
import { instantInWords } from '../tasks/when.ts';

/** The reminders that were asked for on this task or its series. */
export function Reminders({ task }: { task: Task }) {
  const { view, settings, today } = useScreen();
  const reminders = view.remindersOf(task).filter((one) => one.minutes_before !== null || one.at !== null);
  if (reminders.length === 0) return null;
  const words = ({ minutes_before, at }: Reminder): string =>
    at !== null
      ? `once, ${instantInWords(at, settings.time_zone, today)}`
      : minutes_before === 0
        ? 'when it is due'
        : `${minutes_before} min before`;
  return (
    <div className="panel-field">
      <span className="panel-label">Reminds</span>
      <span className="panel-value">{reminders.map(words).join(', ')}</span>
    </div>
  );
}
