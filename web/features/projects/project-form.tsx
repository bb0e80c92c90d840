import { isBlank } from '@taskmaster/domain/blank';
import { projectColors } from '@taskmaster/domain/commands/projects';
import { positionBetween } from '@taskmaster/domain/ordering';
import { projectNamed } from '@taskmaster/domain/project-named';
import type { Project } from '@taskmaster/domain/task';
import { type FormEvent, useState } from 'react';
import { v7 } from 'uuid';
import { edit, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { showToast } from '../../ui/toast.tsx';
import { go } from '../shell/router.ts';
import { newOp } from '../tasks/acts.tsx';

/** Makes a project, or changes the one given. */
export default function ProjectForm({ project, onClose }: { project?: Project; onClose(): void }) {
  const { view } = useScreen();
  const [name, setName] = useState(project?.name ?? '');
  const [color, setColor] = useState<string>(
    project?.color ?? projectColors[view.all('project').length % projectColors.length] ?? 'blue',
  );

  const wanted = name.trim();
  const others = view.all('project').filter((one) => one.id !== project?.id);
  // Two that have one name already may each be changed otherwise.
  const taken = wanted === '' || wanted === project?.name ? undefined : projectNamed(others, wanted);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (isBlank(wanted) || taken) return;
    if (project) void edit(newOp('update', 'project', project.id, { name: wanted, color }));
    else {
      const id = v7();
      const last = view
        .all('project')
        .reduce<string | null>((max, one) => (max === null || one.position > max ? one.position : max), null);
      void edit(newOp('create', 'project', id, { name: wanted, color, position: positionBetween(last, null) }));
      go({ name: 'project', id });
    }
    onClose();
  }

  function remove(): void {
    if (!project) return;
    void edit(newOp('delete', 'project', project.id));
    showToast({
      tone: 'plain',
      words: (
        <>
          Deleted: <b>{project.name}</b>, with its tasks
        </>
      ),
      undo: () => void edit(newOp('restore', 'project', project.id)),
    });
    go({ name: 'today' });
    onClose();
  }

  return (
    <Dialog
      label={project ? 'Change the project' : 'New project'}
      className="sheet-dialog project-form"
      onClose={onClose}
    >
      <form onSubmit={submit}>
        <h2 className="subtitle">{project ? 'Change the project' : 'A new project'}</h2>
        <label className="label" htmlFor="project-name">
          Name
        </label>
        <input
          id="project-name"
          className="field"
          value={name}
          maxLength={120}
          aria-invalid={taken !== undefined}
          aria-describedby="project-taken"
          onChange={(event) => setName(event.target.value)}
        />
        <p className="wrong" id="project-taken" role="status">
          {taken && `There is a project called “${taken.name}”. Names that differ in case alone are one name.`}
        </p>
        <fieldset className="project-colors">
          <legend className="label">Colour</legend>
          {projectColors.map((one) => (
            <label key={one} data-color={one}>
              <input type="radio" name="color" value={one} checked={color === one} onChange={() => setColor(one)} />
              <i className="spine" /> {one}
            </label>
          ))}
        </fieldset>
        <footer>
          {project && (
            <button type="button" className="button quiet danger" onClick={remove}>
              Delete
            </button>
          )}
          <button type="button" className="button quiet" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button primary" aria-disabled={isBlank(wanted) || taken !== undefined}>
            {project ? 'Save' : 'Make it'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
