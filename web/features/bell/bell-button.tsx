import { useEffect, useMemo, useRef, useState } from 'react';
import { onNews, useBell, useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { partOver } from '../../ui/part.tsx';
import { closeNotices, hearTaps, showNotices } from './device-notices.ts';
import { setTold, useToldOpen } from './open.ts';
import { unreadHere } from './unread.ts';

const Told = partOver(
  () => import('./told.tsx'),
  ({ onClose }) => onClose(),
);

/** How much one was told and has not read; pressed, what. Also in the title of the page, and on the device where one allowed it. */
export function BellButton() {
  const bell = useBell();
  const isOpen = useToldOpen();
  const button = useRef<HTMLButtonElement>(null);
  const [said, setSaid] = useState('');
  const { view } = useScreen();
  const { count: unread, settled } = useMemo(() => unreadHere(bell, view), [bell, view]);

  useEffect(
    () =>
      onNews((news) => {
        setSaid(`Reminder: ${news.map((one) => one.message).join(', ')}`);
        showNotices(news);
      }),
    [],
  );
  useEffect(() => closeNotices(settled), [settled]);
  useEffect(hearTaps, []);
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) TaskMaster` : 'TaskMaster';
    return () => {
      document.title = 'TaskMaster';
    };
  }, [unread]);

  return (
    <>
      <button
        ref={button}
        type="button"
        className="icon-button bell"
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-label={unread > 0 ? `What you were told, ${unread} unread` : 'What you were told'}
        title="What you were told"
        onClick={() => setTold(!isOpen)}
      >
        <Icon name="bell" />
        {unread > 0 && (
          <span className="bell-count" aria-hidden="true">
            {unread > 99 ? '99+' : unread}
          </span>
        )}
      </button>
      <span className="hidden" role="status">
        {said}
      </span>
      {isOpen && <Told below={button.current?.getBoundingClientRect()} onClose={() => setTold(false)} />}
    </>
  );
}
