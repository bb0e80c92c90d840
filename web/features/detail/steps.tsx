import type { Task } from '@taskmaster/domain/task';
import { edit, useScreen } from '../../sync/store.ts';
import { ShapeButton } from '../../ui/shape.tsx';
import { showToast } from '../../ui/toast.tsx';
import { opsOfLines } from '../quick-add/line-ops.ts';
import { usePlainLine } from '../quick-add/plain-line.ts';
import { TokenLine } from '../quick-add/token-line.tsx';
import { Understood } from '../quick-add/understood.tsx';
import { openTask } from '../shell/router.ts';
import { newOp, toggleTask } from '../tasks/acts.tsx';
import { dueHere, dueInWords } from '../tasks/when.ts';

/** Sub-tasks: seen, done and added here. */
export function Steps({ task }: { task: Task }) {
  const { view, settings, today } = useScreen();
  const steps = view.childrenOf(task.id);
  const done = steps.filter((step) => step.status === 'completed').length;
  return (
    <section className="detail-part">
      <h2 className="label">
        Sub-tasks {steps.length > 0 && <small className="facts">{`${done} of ${steps.length}`}</small>}
      </h2>
      <ul>
        {steps.map((step) => {
          const due = dueHere(step, settings.time_zone);
          return (
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
              {due && (
                <span className={due.date < today && step.status === 'pending' ? 'facts late' : 'facts'}>
                  {dueInWords(due, today)}
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <AddSteps task={task} />
    </section>
  );
}

/** The same plain words as in the quick add. What names another project goes there, and that is said. */
function AddSteps({ task }: { task: Task }) {
  const { view } = useScreen();
  const typed = usePlainLine();
  const { marked } = typed;
  const add = () => {
    const { ops, tasks } = opsOfLines(
      typed.take(),
      { project_id: task.project_id, parent_id: task.id },
      view.all('project'),
    );
    if (tasks.length === 0) return;
    void edit(...ops);
    typed.type('', 0);
    const elsewhere = tasks.filter(({ parent_id }) => parent_id === null);
    if (elsewhere.length > 0)
      showToast({
        words: (
          <>
            Added in its project: <b>{elsewhere.map(({ title }) => title).join(', ')}</b>
          </>
        ),
        undo: () => void edit(...elsewhere.map(({ id }) => newOp('delete', 'task', id))),
      });
  };
  return (
    <div className="step-line">
      <TokenLine
        typed={typed}
        label="Add a sub-task"
        placeholder="Add a sub-task"
        describedBy="step-understood"
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return;
          if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            add();
          } else if (event.key === 'Escape' && marked) {
            event.preventDefault();
            typed.toWords(marked);
          }
        }}
      />
      <Understood typed={typed} id="step-understood" />
    </div>
  );
}
