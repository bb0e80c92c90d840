import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Empty } from '../../ui/empty.tsx';
import { Icon } from '../../ui/icons.tsx';
import { partOver } from '../../ui/part.tsx';
import { PlaceList } from '../tasks/place-list.tsx';
import { AddButton } from '../tasks/today.tsx';

const ProjectForm = partOver(
  () => import('./project-form.tsx'),
  ({ onClose }) => onClose(),
);

export function ProjectView({ id }: { id: string }) {
  const { view, loaded } = useScreen();
  const [isEditing, setEditing] = useState(false);
  const project = view.get('project', id);
  if (!project || project.deleted_at) {
    if (!loaded) return null;
    return (
      <>
        <header className="view-head">
          <h1 className="title">No such project</h1>
        </header>
        <p className="view-note">
          It is not on this device: it was deleted, or the address is not yours. Nothing else has changed.
        </p>
      </>
    );
  }
  return (
    <>
      <PlaceList
        projectId={id}
        title={
          <h1 className="title project-title" data-color={project.color}>
            <i className="spine" />
            {project.name}
            <button
              type="button"
              className="icon-button"
              aria-label={`Change ${project.name}`}
              title="Change the project"
              onClick={() => setEditing(true)}
            >
              <Icon name="more" />
            </button>
          </h1>
        }
        empty={
          <Empty
            title="A new project"
            picture={
              <span className="empty-spines">
                {(['rust', 'blue', 'teal', 'olive'] as const).map((color) => (
                  <i key={color} data-color={color} />
                ))}
                <i />
              </span>
            }
            action={<AddButton />}
          >
            Nothing is open here. Paste a list into the line, and each line becomes a task of this project.
          </Empty>
        }
      />
      {isEditing && <ProjectForm project={project} onClose={() => setEditing(false)} />}
    </>
  );
}
