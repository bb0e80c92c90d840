import { useScreen } from '../../sync/store.ts';
import { ProjectLinks } from '../projects/project-links.tsx';
import { countTasks } from '../tasks/lists.ts';
import { useRoute } from './router.ts';
import { NavLink } from './sidebar.tsx';

/** What the sidebar holds, as a page of its own. */
export function PhoneLists() {
  const { view, settings, today, person } = useScreen();
  const { place } = useRoute();
  const isAdmin = view.get('user', person.user_id)?.role === 'admin';
  return (
    <>
      <header className="view-head">
        <h1 className="title">Lists</h1>
      </header>
      <div className="phone-lists">
        <ProjectLinks counts={countTasks(view, settings.time_zone, today).byProject} current={place} />
        <nav aria-label="More">
          <NavLink place={{ name: 'activity' }} icon="shield" current={place}>
            Activity
          </NavLink>
          <NavLink place={{ name: 'reminders' }} icon="bell" current={place}>
            Reminders
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
      </div>
    </>
  );
}
