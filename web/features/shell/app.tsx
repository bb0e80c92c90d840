'use client';

import { lazy, Suspense, useEffect, useState } from 'react';
import { openDevice, tick, useScreen, useScreenIfAny } from '../../sync/store.ts';
import { ServerRefusal } from '../../sync/transport.ts';
import { Toaster } from '../../ui/toast.tsx';
import { AccountPage } from '../account/account-page.tsx';
import { enter, personKept } from '../account/session.ts';
import { ProjectView } from '../projects/project-view.tsx';
import { loadGrammar } from '../quick-add/grammar.ts';
import { useQuickAdd } from '../quick-add/open.ts';
import { QuickAdd } from '../quick-add/quick-add.tsx';
import { Inbox } from '../tasks/inbox.tsx';
import { Today } from '../tasks/today.tsx';
import { Keys } from './keys.tsx';
import { PhoneBar } from './phone-bar.tsx';
import { PhoneLists } from './phone-lists.tsx';
import { type Place, useRoute } from './router.ts';
import { Sidebar } from './sidebar.tsx';
import { SignInAgain } from './sign-in-again.tsx';
import { useFirstZone, useTheme } from './surroundings.ts';
import { SyncCorner } from './sync-corner.tsx';

const Search = lazy(() => import('../search/search.tsx'));
const Settings = lazy(() => import('../settings/settings.tsx'));
const Deleted = lazy(() => import('../history/deleted.tsx'));
const Detail = lazy(() => import('../detail/detail.tsx'));

type Door = 'asking' | 'out' | 'away';

/** Opens from the device where somebody is known here, else asks the server who it is, else shows the door. */
export function App() {
  const screen = useScreenIfAny();
  const [door, setDoor] = useState<Door>('asking');
  useEffect(() => {
    const known = personKept();
    if (known) openDevice(known);
    enter().catch((error) => {
      if (!known) setDoor(error instanceof ServerRefusal && error.status === 0 ? 'away' : 'out');
    });
  }, []);
  if (screen) return <Rooms />;
  if (door === 'asking') return <div className="account" />;
  return <AccountPage />;
}

function Rooms() {
  const { place, task } = useRoute();
  const { loaded, status } = useScreen();
  const quick = useQuickAdd();
  useTheme();
  useFirstZone();
  useEffect(() => {
    const timer = setInterval(tick, 30_000);
    const idle = setTimeout(() => void loadGrammar().catch(() => undefined), 400);
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
          <header className="phone-top">
            <SyncCorner onPhone />
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
