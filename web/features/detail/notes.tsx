import type { Task } from '@taskmaster/domain/task';
import { useEffect, useState } from 'react';
import { updateTask } from '../tasks/acts.tsx';

const LARGEST = 32_768;

/** Notes in Markdown: read as they look, written as they are. */
export function Notes({ task }: { task: Task }) {
  const [isEditing, setEditing] = useState(false);
  const [text, setText] = useState(task.notes);
  const [html, setHtml] = useState<string | null>(null);
  useEffect(() => {
    if (!task.notes) return;
    let isGone = false;
    import('./markdown.ts').then(
      ({ markdownToHtml }) => !isGone && setHtml(markdownToHtml(task.notes)),
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [task.notes]);

  const isTooLong = new TextEncoder().encode(text).length > LARGEST;
  const save = () => {
    if (isTooLong) return;
    setEditing(false);
    if (text !== task.notes) updateTask(task, { notes: text }, 'Notes changed');
  };

  return (
    <section className="detail-part">
      <h2 className="label">
        Notes
        {!isEditing && (
          <button type="button" className="link" onClick={() => setEditing(true)}>
            {task.notes ? 'Change' : 'Write'}
          </button>
        )}
      </h2>
      {isEditing ? (
        <>
          <textarea
            className="field"
            aria-label="Notes, in Markdown"
            rows={Math.min(16, Math.max(4, text.split('\n').length + 1))}
            // biome-ignore lint/a11y/noAutofocus: one has just asked to write here
            autoFocus
            value={text}
            aria-invalid={isTooLong}
            onChange={(event) => setText(event.target.value)}
            onBlur={save}
            onKeyDown={(event) => {
              if (event.key === 'Escape' || (event.key === 'Enter' && (event.metaKey || event.ctrlKey))) {
                event.preventDefault();
                save();
              }
            }}
          />
          {isTooLong && (
            <p className="wrong">Notes hold at most 32,768 bytes. Nothing was lost; shorten them to save.</p>
          )}
        </>
      ) : html !== null && task.notes ? (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the button above does the same for the keyboard
        // biome-ignore lint/a11y/noStaticElementInteractions: the button above does the same for the keyboard
        <div
          className="notes"
          onClick={(event) => {
            if (!(event.target as HTMLElement).closest('a')) setEditing(true);
          }}
          // biome-ignore lint/security/noDangerouslySetInnerHtml: cleaned by DOMPurify
          dangerouslySetInnerHTML={{ __html: html }}
        />
      ) : (
        task.notes && <p className="notes notes-plain">{task.notes}</p>
      )}
    </section>
  );
}
