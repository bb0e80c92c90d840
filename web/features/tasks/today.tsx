import { addDays, localOf } from '@taskmaster/domain/time/zoned';
import { useMemo } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Shape } from '../../ui/shape.tsx';
import { showToast } from '../../ui/toast.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { newOp } from './acts.tsx';
import { useLingering } from './lingering.ts';
import { type Group, listToday } from './lists.ts';
import { TaskList } from './task-list.tsx';
import { dayAndMonth, dueHere, weekdayName } from './when.ts';

export function Today() {
  const { view, settings, today } = useScreen();
  const lingering = useLingering();
  const zone = settings.time_zone;
  const { groups, open, late, done } = useMemo(
    () => listToday(view, zone, today, lingering),
    [view, zone, today, lingering],
  );
  const first = done[0]?.completed_at;
  const shown = useMemo(
    () => groups.map((group) => (group.tone === 'late' ? withMove(group, today) : group)),
    [groups, today],
  );

  return (
    <>
      <header className="view-head">
        <h1 className="title">
          {weekdayName(today)} <small>{dayAndMonth(today, today)}</small>
        </h1>
        <p className="facts view-facts">
          <span>{open === 0 ? 'Nothing to do' : `${open} to do`}</span>
          {late > 0 && <span className="late">{late} overdue</span>}
          {first && <span>{`${done.length} done since ${localOf(first, zone).time}`}</span>}
        </p>
      </header>
      {groups.length > 0 ? (
        <TaskList groups={shown} place="today" />
      ) : done.length > 0 ? (
        <WasToday done={done.length} last={done.at(-1)?.completed_at ?? null} />
      ) : (
        <NothingDue />
      )}
    </>
  );
}

/** What is late, to be moved to today in one act. */
function withMove(group: Group, today: string): Group {
  const late = group.tasks.filter((task) => task.status === 'pending');
  if (late.length === 0) return group;
  const ops = (way: 'there' | 'back') =>
    late.map((task) =>
      newOp('update', 'task', task.id, {
        due: { due_date: way === 'there' ? today : task.due_date, due_time: task.due_time, due_zone: task.due_zone },
      }),
    );
  const onPress = () => {
    void edit(...ops('there'));
    showToast({
      tone: 'plain',
      words: `Moved ${late.length === 1 ? 'one task' : `${late.length} tasks`} to today`,
      undo: () => void edit(...ops('back')),
    });
  };
  const which = late.length === 1 ? 'it' : late.length === 2 ? 'both' : `all ${late.length}`;
  return { ...group, act: { words: `Move ${which} to today`, onPress } };
}

function WasToday({ done, last }: { done: number; last: string | null }) {
  const { view, settings, today } = useScreen();
  const tomorrow = view
    .all('task')
    .filter(
      (task) => task.status === 'pending' && dueHere(task, settings.time_zone)?.date === addDays(today, 1),
    ).length;
  return (
    <Empty
      title="That was today"
      picture={
        <>
          <Shape priority="high" />
          <Shape priority="medium" />
          <Shape priority="low" />
          <Icon name="arrow" />
          <Shape priority={null} done />
          <Shape priority={null} done />
          <Shape priority={null} done />
        </>
      }
      action={<AddButton />}
    >
      {done} done{last ? `, the last at ${localOf(last, settings.time_zone).time}` : ''}.{' '}
      {tomorrow === 0 ? 'Nothing is set for tomorrow yet.' : `${tomorrow} set for tomorrow.`}
    </Empty>
  );
}

const NothingDue = () => (
  <Empty
    title="Nothing is due today"
    picture={
      <>
        <Shape priority="high" />
        <Shape priority="medium" />
        <Shape priority="low" />
        <Shape priority={null} />
      </>
    }
    action={<AddButton />}
  >
    What is due today, and what is late, stands here. The more corners a shape has, the more urgent it is.
  </Empty>
);

export const AddButton = () => (
  <button type="button" className="button primary" onClick={() => openQuickAdd()}>
    Add a task
  </button>
);
