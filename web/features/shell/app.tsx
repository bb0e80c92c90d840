'use client';

import type { About } from '@taskmaster/contracts/http/service';
import { useEffect, useState } from 'react';
import { openDevice, tick, useScreen, useScreenIfAny } from '../../sync/store.ts';
import { ServerRefusal } from '../../sync/transport.ts';
import { Toaster } from '../../ui/toast.tsx';
import { askAbout, enter, personKept, whoseSession } from '../account/session.ts';
import { BellButton } from '../bell/bell-button.tsx';
import { ProjectView } from '../projects/project-view.tsx';
import { useQuickAdd } from '../quick-add/open.ts';
import { Inbox } from '../tasks/inbox.tsx';
import { Today } from '../tasks/today.tsx';
import { Keys } from './keys.tsx';
import { useOfflineShell } from './offline-shell.ts';
import {
  AccountPage,
  ActivityPage,
  AdminPage,
  byLink,
  Deleted,
  Detail,
  fetchParts,
  QuickAdd,
  RemindersPage,
  Search,
  Settings,
} from './parts.tsx';
import { PhoneBar } from './phone-bar.tsx';
import { PhoneLists } from './phone-lists.tsx';
import { type Place, useRoute } from './router.ts';
import { Sidebar } from './sidebar.tsx';
import { SignInAgain } from './sign-in-again.tsx';
import { useFirstZone, useTheme } from './surroundings.ts';
import { SyncCorner } from './sync-corner.tsx';

/** Shown to whom nobody knows: what the server said of itself, if it answered. */
type Door = 'asking' | { link: keyof typeof byLink } | { place?: About | undefined; closed?: string };

/** Opens from the device where somebody is known here, else asks the server who it is, else shows the door. */
export function App() {
  useOfflineShell();
  const screen = useScreenIfAny();
  const [door, setDoor] = useState<Door>('asking');
  useEffect(() => {
    if (isLink(location.pathname)) return setDoor({ link: location.pathname });
    const known = personKept();
    if (known) openDevice(known).catch(() => undefined);
    const place = known ? undefined : askAbout().catch(() => undefined);
    whoseSession()
      .then(async (who) => {
        if (who) await enter();
        setDoor({ place: who ? undefined : await place });
      })
      .catch((error) => setDoor(known ? {} : doorAfter(error)));
  }, []);
  // Behind whoever is here now: what is shown once they have gone. Then there is an account.
  const isIn = screen !== undefined;
  useEffect(() => {
    if (isIn) setDoor({});
  }, [isIn]);
  const Linked = typeof door === 'object' && 'link' in door ? byLink[door.link] : undefined;
  if (Linked) return <Linked />;
  if (screen) return <Rooms />;
  if (door === 'asking') return <div className="account" />;
  return (
    <AccountPage place={'place' in door ? door.place : undefined} closed={('closed' in door && door.closed) || null} />
  );
}

const isLink = (path: string): path is keyof typeof byLink => path in byLink;

/** Signed in to an account that is closed, the door says so at once. */
const doorAfter = (error: unknown): Door =>
  error instanceof ServerRefusal && error.code === 'account_closed' ? { closed: error.detail ?? '' } : {};

function Rooms() {
  const { place, task } = useRoute();
  const { loaded, status } = useScreen();
  const quick = useQuickAdd();
  useTheme();
  useFirstZone();
  useEffect(() => {
    const timer = setInterval(tick, 30_000);
    const idle = setTimeout(fetchParts, 300);
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
          {(status.connection === 'signed_out' || status.connection === 'closed') && <SignInAgain />}
          <div className="column">{loaded || place.name === 'settings' ? <Room place={place} /> : <Fetching />}</div>
        </main>
        {task && <Detail key={task} id={task} />}
      </div>
      <PhoneBar place={place} />
      {quick !== null && <QuickAdd start={quick} />}
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
  if (status.connection === 'closed' || status.connection === 'signed_out')
    return (
      <header className="view-head">
        <h1 className="title">Your tasks are not on this device</h1>
        <p className="facts view-facts">They come from the server as soon as it lets you in again.</p>
      </header>
    );
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
