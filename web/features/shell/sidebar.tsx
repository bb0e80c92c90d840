import { useMemo } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { Leaf } from '../../ui/lines.tsx';
import { ProjectLinks } from '../projects/project-links.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import { countTasks } from '../tasks/lists.ts';
import { go, type Place, pathOf, useRoute } from './router.ts';
import { SyncCorner } from './sync-corner.tsx';

export function Sidebar() {
  const { view, settings, today, person } = useScreen();
  const { place } = useRoute();
  const isAdmin = view.get('user', person.user_id)?.role === 'admin';
  const counts = useMemo(() => countTasks(view, settings.time_zone, today), [view, settings.time_zone, today]);
  return (
    <aside className="sidebar" aria-label="Sidebar">
      <p className="sidebar-head">
        <Leaf size={26} /> <span className="nav-name">{person.name}</span>
      </p>
      <button type="button" className="nav-item" onClick={() => openQuickAdd()}>
        <Icon name="plus" /> Add a task <kbd>Q</kbd>
      </button>
      <nav aria-label="Places">
        <NavLink place={{ name: 'search' }} icon="search" current={place} hint="/">
          Find
        </NavLink>
        <NavLink place={{ name: 'inbox' }} icon="inbox" current={place} count={counts.inbox}>
          Inbox
        </NavLink>
        <NavLink place={{ name: 'today' }} icon="sun" current={place} count={counts.today}>
          Today
        </NavLink>
      </nav>
      <ProjectLinks counts={counts.byProject} current={place} />
      <nav aria-label="More" className="sidebar-foot">
        <NavLink place={{ name: 'activity' }} icon="shield" current={place}>
          Activity
        </NavLink>
        <NavLink place={{ name: 'deleted' }} icon="bin" current={place}>
          Deleted
        </NavLink>
        {isAdmin && (
          <NavLink place={{ name: 'admin' }} icon="server" current={place}>
            Running this place
          </NavLink>
        )}
        <NavLink place={{ name: 'settings' }} icon="settings" current={place}>
          Settings
        </NavLink>
      </nav>
      <SyncCorner />
    </aside>
  );
}

export function NavLink({
  place,
  icon,
  current,
  count,
  hint,
  children,
}: {
  place: Place;
  icon: IconName;
  current: Place;
  count?: number;
  hint?: string;
  children: string;
}) {
  return (
    <a
      className="nav-item"
      href={pathOf(place)}
      aria-current={current.name === place.name ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(place);
      }}
    >
      <Icon name={icon} /> {children} {hint && <kbd>{hint}</kbd>}
      {count ? <span className="nav-count">{count}</span> : null}
    </a>
  );
}
