import { useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Leaf, Lines } from '../../ui/lines.tsx';
import { partOver } from '../../ui/part.tsx';
import { syncWords } from './sync-words.ts';

const SyncDialog = partOver(
  () => import('./sync-dialog.tsx'),
  ({ onClose }) => onClose(),
);

/** The two lines in the corner, with words; pressed, they tell all they know. */
export function SyncCorner({ onPhone = false }: { onPhone?: boolean }) {
  const screen = useScreen();
  const [isOpen, setOpen] = useState(false);
  const { state, words, note, short } = syncWords(screen);
  return (
    <>
      <button
        type="button"
        className={onPhone ? 'phone-leaf' : 'sync-corner'}
        onClick={() => setOpen(true)}
        aria-label={`Sync: ${words}${note ? `, ${note}` : ''}`}
      >
        {onPhone ? (
          <>
            <Leaf size={30} state={state} /> <span className="facts">{short}</span>
          </>
        ) : (
          <>
            <Lines state={state} /> <span>{words}</span> <span className="facts">{note}</span>
          </>
        )}
      </button>
      {isOpen && <SyncDialog onClose={() => setOpen(false)} />}
    </>
  );
}
