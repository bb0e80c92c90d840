import type { Priority, Task } from '@taskmaster/domain/task';
import { priorityWord, Shape } from '../../ui/shape.tsx';
import { updateTask } from '../tasks/acts.tsx';

const priorities: (Priority | null)[] = [null, 'low', 'medium', 'high'];

export function PriorityField({ task }: { task: Task }) {
  return (
    <fieldset className="panel-field">
      <legend className="panel-label">Priority</legend>
      <span className="panel-shapes">
        {priorities.map((priority) => (
          <label key={priority ?? 'none'}>
            <input
              type="radio"
              name={`priority-${task.id}`}
              checked={task.priority === priority}
              onChange={() => updateTask(task, { priority })}
            />
            <Shape priority={priority} />
            <span>{priority === null ? 'None' : priorityWord(priority)}</span>
          </label>
        ))}
      </span>
    </fieldset>
  );
}
