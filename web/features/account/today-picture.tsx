import type { Priority } from '@taskmaster/domain/task';
import { Lines } from '../../ui/lines.tsx';
import { Shape } from '../../ui/shape.tsx';

const rows: [string, Priority | null, string, boolean][] = [
  ['09:00', null, 'Water the tomatoes', true],
  ['11:30', 'medium', 'Call the electrician', false],
  ['', 'high', 'Approve the launch page copy', false],
  ['', null, 'Two hinges, brass', false],
  ['17:45', 'low', 'Fetch Mia from judo', false],
];

/** What waits behind the door: shapes, times in the margin, two equal lines. */
export function TodayPicture() {
  return (
    <aside className="account-picture" aria-label="What a day looks like here">
      <div>
        <p className="label picture-group">Today</p>
        {rows.map(([when, priority, title, done]) => (
          <p key={title} className="picture-row" data-done={done || undefined}>
            <span className="picture-when">{when}</span>
            <Shape priority={priority} done={done} />
            <span className="row-words">{title}</span>
          </p>
        ))}
        <p className="picture-lines facts">
          <Lines state="equal" /> Equal lines: what you see is also on the server.
        </p>
      </div>
    </aside>
  );
}
