import { bytesOf, limits } from '@taskmaster/contracts/limits';
import type { Task } from '@taskmaster/domain/task';
import { useEffect, useRef, useState } from 'react';
import { updateTask } from '../tasks/acts.tsx';
import { toggleBox } from './boxes.ts';

/** Notes in Markdown: read as they look, written as they are, their boxes ticked where they stand. */
export function Notes({ task }: { task: Task }) {
  /** What is being written, and what it began with. */
  const [draft, setDraft] = useState<{ text: string; from: string } | null>(null);
  const [html, setHtml] = useState<string | null>(null);
  const reading = useRef<HTMLDivElement>(null);
  const ticked = useRef<number | null>(null);
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
  // The boxes are drawn anew: the focus goes back to the one that was ticked.
  // biome-ignore lint/correctness/useExhaustiveDependencies: after each drawing
  useEffect(() => {
    if (ticked.current === null) return;
    reading.current?.querySelectorAll<HTMLInputElement>('input')[ticked.current]?.focus();
    ticked.current = null;
  }, [html]);

  const text = draft?.text ?? task.notes;
  const isTooLong = bytesOf(text) > limits.notes_bytes;
  const isReplacing = draft !== null && draft.from !== task.notes && draft.text !== task.notes;
  const write = () => setDraft({ text: task.notes, from: task.notes });
  const save = () => {
    if (isTooLong) return;
    setDraft(null);
    if (draft && text !== draft.from && text !== task.notes) updateTask(task, { notes: text }, 'Notes changed');
  };
  const tick = (box: HTMLInputElement) => {
    const index = [...(reading.current?.querySelectorAll('input') ?? [])].indexOf(box);
    ticked.current = index;
    updateTask(task, { notes: toggleBox(task.notes, index) });
  };

  return (
    <section className="detail-part">
      <h2 className="label">
        Notes
        {!draft && (
          <button type="button" className="link" onClick={write}>
            {task.notes ? 'Change' : 'Write'}
          </button>
        )}
      </h2>
      {draft ? (
        <>
          <textarea
            className="field"
            aria-label="Notes, in Markdown"
            rows={Math.min(16, Math.max(4, text.split('\n').length + 1))}
            // biome-ignore lint/a11y/noAutofocus: one has just asked to write here
            autoFocus
            value={text}
            aria-invalid={isTooLong}
            onChange={(event) => setDraft({ ...draft, text: event.target.value })}
            onBlur={save}
            onKeyDown={(event) => {
              if (event.key === 'Escape' || (event.key === 'Enter' && (event.metaKey || event.ctrlKey))) {
                event.preventDefault();
                save();
              }
            }}
          />
          {isReplacing && (
            <p className="facts" role="status">
              These notes were changed elsewhere while you wrote. Saving replaces that; history keeps both.
            </p>
          )}
          {isTooLong && (
            <p className="wrong">Notes hold at most 32,768 bytes. Nothing was lost; shorten them to save.</p>
          )}
        </>
      ) : html !== null && task.notes ? (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the button above does the same for the keyboard
        // biome-ignore lint/a11y/noStaticElementInteractions: the button above does the same for the keyboard
        <div
          className="notes"
          ref={reading}
          onClick={({ target }) => {
            if (target instanceof HTMLInputElement) tick(target);
            else if (!(target as HTMLElement).closest('a')) write();
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
