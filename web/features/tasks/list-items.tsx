import type { Reminder, Task } from '@taskmaster/domain/task';
import type { ReactNode } from 'react';
import type { Screen } from '../../sync/screen.ts';
import type { Group } from './lists.ts';
import { type RowFacts, TaskRow } from './task-row.tsx';

/** A line of a list: the head of a group, or a row. */
export type Item = { key: string; group: Group } | { key: string; facts: RowFacts };

export function drawn(item: Item): ReactNode {
  if ('facts' in item) return <TaskRow {...item.facts} />;
  const { name, tone, tasks, act } = item.group;
  const open = tasks.filter((task) => task.status === 'pending').length;
  return (
    <div className="group">
      <h2 className="label">
        <span className={tone === 'late' ? 'late' : undefined}>{name}</span>{' '}
        <small>{open > 0 ? open : tasks.length}</small>
      </h2>
      {act && (
        <button type="button" className="link group-act" onClick={act.onPress}>
          {act.words}
        </button>
      )}
    </div>
  );
}

export function itemsOf(
  groups: readonly Group[],
  screen: Screen,
  place: RowFacts['place'],
  chosen: string | null,
  withSteps: boolean,
): Item[] {
  const { view, today, settings } = screen;
  const tagColors = `\n${view
    .all('tag')
    .map((tag) => `${tag.name.toLowerCase()}\t${tag.color}`)
    .join('\n')}\n`;
  const factsOf = (task: Task, isSub: boolean): RowFacts => {
    const steps = view.childrenOf(task.id);
    return {
      task,
      project: task.project_id ? view.get('project', task.project_id) : undefined,
      steps: steps.length,
      stepsDone: steps.filter((step) => step.status === 'completed').length,
      reminder: shortReminder(view.remindersOf(task)),
      isHere: view.stateOf(task.id) === 'here',
      hasArrived: screen.arrived.has(task.id),
      isOpen: chosen === task.id,
      isSub,
      place,
      today,
      zone: settings.time_zone,
      tagColors,
    };
  };
  return groups.flatMap((group) => [
    ...(group.name ? [{ key: `group ${group.name}`, group }] : []),
    ...group.tasks.flatMap((task) => [
      { key: task.id, facts: factsOf(task, false) },
      ...(withSteps ? view.childrenOf(task.id).map((step) => ({ key: step.id, facts: factsOf(step, true) })) : []),
    ]),
  ]);
}

/** "15 min", "2 h": how long before; null where only the default applies. */
function shortReminder(reminders: readonly Reminder[]): string | null {
  const minutes = reminders.find((one) => one.minutes_before !== null)?.minutes_before;
  if (minutes == null) return null;
  return minutes % 1440 === 0 && minutes > 0
    ? `${minutes / 1440} d`
    : minutes % 60 === 0 && minutes > 0
      ? `${minutes / 60} h`
      : `${minutes} min`;
}
