import type { Project } from '@taskmaster/domain/task';
import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { partOver } from '../../ui/part.tsx';
import { go, type Place, pathOf } from '../shell/router.ts';

const ProjectForm = partOver(
  () => import('./project-form.tsx'),
  ({ onClose }) => onClose(),
);

export const byPlace = (a: Project, b: Project): number =>
  a.position < b.position ? -1 : a.position > b.position ? 1 : a.id < b.id ? -1 : 1;

/** Projects by hand, each with a spine that fills with what is done. */
export function ProjectLinks({
  counts,
  current,
}: {
  counts: Map<string, { open: number; done: number }>;
  current: Place;
}) {
  const { view } = useScreen();
  const [isAdding, setAdding] = useState(false);
  const projects = [...view.all('project')].filter((project) => !project.archived_at).sort(byPlace);
  return (
    <nav aria-label="Projects" className="sidebar-projects">
      <h2 className="label">
        Projects
        <button
          type="button"
          className="icon-button"
          aria-label="New project"
          title="New project"
          onClick={() => setAdding(true)}
        >
          <Icon name="plus" />
        </button>
      </h2>
      {projects.map((project) => {
        const { open = 0, done = 0 } = counts.get(project.id) ?? {};
        const place: Place = { name: 'project', id: project.id };
        return (
          <a
            key={project.id}
            className="nav-item"
            href={pathOf(place)}
            aria-current={current.name === 'project' && current.id === project.id ? 'page' : undefined}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              go(place);
            }}
          >
            <Spine color={project.color} part={open + done === 0 ? 0 : done / (open + done)} />
            <span className="nav-name">{project.name}</span>
            {open > 0 && <span className="nav-count">{open}</span>}
          </a>
        );
      })}
      {isAdding && <ProjectForm onClose={() => setAdding(false)} />}
    </nav>
  );
}

const Spine = ({ color, part }: { color: string; part: number }) => (
  <span className="nav-spine" data-color={color} aria-hidden="true">
    <i style={{ height: `${Math.round(part * 100)}%` }} />
  </span>
);
