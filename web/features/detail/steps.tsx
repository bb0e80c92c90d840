import type { Task } from '@taskmaster/domain/task';
import { useState } from 'react';
import { v7 } from 'uuid';
import { edit, useScreen } from '../../sync/store.ts';
import { ShapeButton } from '../../ui/shape.tsx';
import { openTask } from '../shell/router.ts';
import { newOp, toggleTask } from '../tasks/acts.tsx';

/** Sub-tasks: seen, done and added here. */
export function Steps({ task }: { task: Task }) {
  const { view } = useScreen();
  const [text, setText] = useState('');
  const steps = view.childrenOf(task.id);
  const done = steps.filter((step) => step.status === 'completed').length;
  const add = () => {
    const titles = text
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    void edit(
      ...titles.map((title) =>
        newOp('create', 'task', v7(), {
          title,
          place: { project_id: task.project_id, section_id: null, parent_id: task.id, position: '' },
        }),
      ),
    );
    setText('');
  };
  return (
    <section className="detail-part">
      <h2 className="label">
        Sub-tasks {steps.length > 0 && <small className="facts">{`${done} of ${steps.length}`}</small>}
      </h2>
      <ul>
        {steps.map((step) => (
          <li key={step.id} className="step" data-done={step.status === 'completed' || undefined}>
            <ShapeButton
              priority={step.priority}
              done={step.status === 'completed'}
              title={step.title}
              onToggle={() => toggleTask(step)}
            />
            <button type="button" className="row-words" onClick={() => openTask(step.id)}>
              {step.title}
            </button>
          </li>
        ))}
      </ul>
      <input
        className="plain-field"
        aria-label="Add a sub-task"
        placeholder="Add a sub-task"
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || text.trim() === '') return;
          event.preventDefault();
          add();
        }}
      />
    </section>
  );
}
