import { part, partOver } from '../../ui/part.tsx';
import { loadGrammar } from '../quick-add/grammar.ts';
import { closeQuickAdd } from '../quick-add/open.ts';
import { openTask } from './router.ts';

/** Parts that the first sight does not need. All come right after it, so that they are there without the network too. */
const loads = {
  admin: () => import('../admin/admin-page.tsx'),
  activity: () => import('../activity/activity-page.tsx'),
  reminders: () => import('../reminders/reminders-page.tsx'),
  told: () => import('../bell/told.tsx'),
  quickAdd: () => import('../quick-add/quick-add.tsx'),
  detail: () => import('../detail/detail.tsx'),
  search: () => import('../search/search.tsx'),
  settings: () => import('../settings/settings.tsx'),
  deleted: () => import('../history/deleted.tsx'),
  markdown: () => import('../detail/markdown.ts'),
  sync: () => import('./sync-dialog.tsx'),
  project: () => import('../projects/project-form.tsx'),
  keys: () => import('./keys-dialog.tsx'),
  long: () => import('../tasks/long-list.tsx'),
  door: () => import('../account/account-page.tsx'),
  newPassword: () => import('../account/new-password.tsx'),
  confirmAddress: () => import('../account/confirm-address.tsx'),
};
export const fetchParts = (): Promise<unknown> =>
  Promise.allSettled([loadGrammar(), ...Object.values(loads).map((load) => load())]);

export const QuickAdd = partOver(loads.quickAdd, closeQuickAdd);
export const Detail = part(loads.detail, {
  away: (words) => (
    <aside className="panel" aria-label="Task">
      <p className="panel-head">
        <button type="button" className="button quiet" onClick={() => openTask(null)}>
          Close
        </button>
      </p>
      <div className="panel-body">{words}</div>
    </aside>
  ),
});
export const Search = part(loads.search);
export const Settings = part(loads.settings);
export const Deleted = part(loads.deleted);
export const AdminPage = part(loads.admin);
export const ActivityPage = part(loads.activity);
export const RemindersPage = part(loads.reminders);

const bare = { waiting: <div className="account" /> };
export const AccountPage = part(loads.door, bare);
/** Where links in letters lead, whoever else uses this device. */
export const byLink = {
  '/new-password': part(loads.newPassword, bare),
  '/confirm-address': part(loads.confirmAddress, bare),
} as const;
