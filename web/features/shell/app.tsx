'use client';

import type { About } from '@taskmaster/contracts/http/service';
import { lazy, Suspense, useEffect, useState } from 'react';
import { openDevice, tick, useScreen, useScreenIfAny } from '../../sync/store.ts';
import { Toaster } from '../../ui/toast.tsx';
import { askAbout, enter, hasSession, personKept } from '../account/session.ts';
import { BellButton } from '../bell/bell-button.tsx';
import { ProjectView } from '../projects/project-view.tsx';
import { loadGrammar } from '../quick-add/grammar.ts';
import { useQuickAdd } from '../quick-add/open.ts';
import { Inbox } from '../tasks/inbox.tsx';
import { Today } from '../tasks/today.tsx';
import { Keys } from './keys.tsx';
import { useOfflineShell } from './offline-shell.ts';
import { PhoneBar } from './phone-bar.tsx';
import { PhoneLists } from './phone-lists.tsx';
import { type Place, useRoute } from './router.ts';
import { Sidebar } from './sidebar.tsx';
import { SignInAgain } from './sign-in-again.tsx';
import { useFirstZone, useTheme } from './surroundings.ts';
import { SyncCorner } from './sync-corner.tsx';

/** Parts that the first sight does not need. All come right after it, so that they are there without the network too. */
const parts = {
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
const QuickAdd = lazy(parts.quickAdd);
const Detail = lazy(parts.detail);
const Search = lazy(parts.search);
const Settings = lazy(parts.settings);
const Deleted = lazy(parts.deleted);
const AdminPage = lazy(parts.admin);
const ActivityPage = lazy(parts.activity);
const RemindersPage = lazy(parts.reminders);
const AccountPage = lazy(parts.door);
/** Where links in letters lead, whoever else uses this device. */
const byLink: Readonly<Record<string, ReturnType<typeof lazy>>> = {
  '/new-password': lazy(parts.newPassword),
  '/confirm-address': lazy(parts.confirmAddress),
};

/** Shown to whom nobody knows: what the server said of itself, if it answered. */
type Door = 'asking' | { link: string } | { place?: About | undefined };

/** Opens from the device where somebody is known here, else asks the server who it is, else shows the door. */
export function App() {
  useOfflineShell();
  const screen = useScreenIfAny();
  const [door, setDoor] = useState<Door>('asking');
  useEffect(() => {
    if (location.pathname in byLink) return setDoor({ link: location.pathname });
    const known = personKept();
    if (known) void openDevice(known);
    const place = known ? undefined : askAbout().catch(() => undefined);
    hasSession()
      .then(async (is) => {
        if (is) await enter();
        setDoor({ place: is ? undefined : await place });
      })
      .catch(() => setDoor({}));
  }, []);
  // Behind whoever is here now: what is shown once they have gone. Then there is an account.
  const isIn = screen !== undefined;
  useEffect(() => {
    if (isIn) setDoor({});
  }, [isIn]);
  const Linked = typeof door === 'object' && 'link' in door ? byLink[door.link] : undefined;
  if (Linked)
    return (
      <Suspense fallback={<div className="account" />}>
        <Linked />
      </Suspense>
    );
  if (screen) return <Rooms />;
  if (door === 'asking') return <div className="account" />;
  return (
    <Suspense fallback={<div className="account" />}>
      <AccountPage place={'place' in door ? door.place : undefined} />
    </Suspense>
  );
}

function Rooms() {
  const { place, task } = useRoute();
  const { loaded, status } = useScreen();
  const quick = useQuickAdd();
  useTheme();
  useFirstZone();
  useEffect(() => {
    const timer = setInterval(tick, 30_000);
    const idle = setTimeout(
      () => void Promise.allSettled([loadGrammar(), ...Object.values(parts).map((part) => part())]),
      300,
    );
    return () => {
      clearInterval(timer);
      clearTimeout(idle);
    };
  }, []);
  return (
    <div className="rooms">
      <Sidebar />
      <div className="sheet" data-panel={task ? true : undefined}>
        <main className="scroll" key={place.name === 'project' ? place.id : place.name}>
          <header className="top">
            <SyncCorner onPhone />
            <BellButton />
          </header>
          {status.connection === 'signed_out' && <SignInAgain />}
          <div className="column">
            <Suspense>{loaded || place.name === 'settings' ? <Room place={place} /> : <Fetching />}</Suspense>
          </div>
        </main>
        {task && (
          <Suspense>
            <Detail key={task} id={task} />
          </Suspense>
        )}
      </div>
      <PhoneBar place={place} />
      <Suspense>{quick !== null && <QuickAdd start={quick} />}</Suspense>
      <Keys />
      <Toaster />
    </div>
  );
}

function Room({ place }: { place: Place }) {
  switch (place.name) {
    case 'inbox':
      return <Inbox />;
    case 'project':
      return <ProjectView id={place.id} />;
    case 'search':
      return <Search />;
    case 'settings':
      return <Settings />;
    case 'deleted':
      return <Deleted />;
    case 'admin':
      return <AdminPage />;
    case 'activity':
      return <ActivityPage />;
    case 'reminders':
      return <RemindersPage />;
    case 'lists':
      return <PhoneLists />;
    default:
      return <Today />;
  }
}

/** The very first time on a device: there is nothing local yet to show. */
function Fetching() {
  const { status } = useScreen();
  const isAway = status.connection === 'offline';
  return (
    <header className="view-head">
      <h1 className="title">{isAway ? 'The server does not answer' : 'Fetching your tasks'}</h1>
      <p className="facts view-facts" role="status">
        {isAway
          ? 'This device has not seen your tasks yet. Nothing is lost; they come as soon as the server answers.'
          : 'Once; from then on they open from this device.'}
      </p>
    </header>
  );
}
