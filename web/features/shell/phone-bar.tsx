import { Icon } from '../../ui/icons.tsx';
import { openQuickAdd } from '../quick-add/open.ts';
import type { Place } from './router.ts';
import { NavLink } from './sidebar.tsx';

/** Places that one comes to by the lists. */
const behindLists: ReadonlySet<Place['name']> = new Set([
  'project',
  'activity',
  'reminders',
  'deleted',
  'settings',
  'admin',
]);

/** Acts at the bottom, where the thumb is; Add in the middle. */
export function PhoneBar({ place }: { place: Place }) {
  return (
    <nav className="phone-bar" aria-label="Places">
      <NavLink place={{ name: 'today' }} icon="sun" current={place}>
        Today
      </NavLink>
      <NavLink place={{ name: 'inbox' }} icon="inbox" current={place}>
        Inbox
      </NavLink>
      <button type="button" className="phone-add" aria-label="Add a task" onClick={() => openQuickAdd()}>
        <Icon name="plus" />
      </button>
      <NavLink place={{ name: 'search' }} icon="search" current={place}>
        Find
      </NavLink>
      <NavLink place={{ name: 'lists' }} icon="note" current={behindLists.has(place.name) ? { name: 'lists' } : place}>
        Lists
      </NavLink>
    </nav>
  );
}
