import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { edit, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { showToast } from '../../ui/toast.tsx';
import { currentRoute } from '../shell/router.ts';
import { newOp } from '../tasks/acts.tsx';
import { opsOfLines } from './line-ops.ts';
import { closeQuickAdd, draftOf, keepDraft, type QuickAddStart } from './open.ts';
import { usePlainLine } from './plain-line.ts';
import { asTyped, type Suggestion, sigilAt, suggestionsFor } from './suggestions.ts';
import { TokenLine } from './token-line.tsx';
import { NextDates, Understood } from './understood.tsx';

/** One line in plain words becomes a task; many lines become many. What is not added is there again the next time. */
export default function QuickAdd({ start }: { start: QuickAddStart }) {
  const { view, person } = useScreen();
  const [kept] = useState(() => (start.text === '' ? draftOf(person.user_id) : ''));
  const typed = usePlainLine(start.text || kept);
  const { text, caret, grammar, line, marked, count } = typed;
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const isMany = count > 1;
  const isKept = kept !== '' && text === kept;
  const close = () => {
    // A line that came with its text, and was left as it came, takes the place of no draft.
    if (start.text === '' || text !== start.text) keepDraft(person.user_id, text);
    closeQuickAdd();
  };

  const at = sigilAt(text, caret);
  const suggestions = at ? suggestionsFor(view, at.sigil, at.typed) : [];
  const active = Math.min(chosen, suggestions.length - 1);

  useEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  function take(suggestion: Suggestion): void {
    if (!at) return;
    const words = `${asTyped(suggestion)} `;
    const next = text.slice(0, at.start) + words + text.slice(caret);
    const end = at.start + words.length;
    // At once: who types on meets the caret where it belongs.
    flushSync(() => {
      typed.type(next, end);
      setChosen(0);
    });
    field.current?.focus();
    field.current?.setSelectionRange(end, end);
  }

  // Who was faster than the parser is not made to press Enter again.
  const [isWanted, setWanted] = useState(false);
  useEffect(() => {
    if (!isWanted || !grammar) return;
    setWanted(false);
    add();
  });

  function add(): void {
    if (!grammar) {
      setWanted(true);
      return;
    }
    const parsed = typed.take();
    if (parsed.length === 0) return;
    const { place } = currentRoute();
    const home = place.name === 'project' && view.get('project', place.id) ? place.id : null;
    const { ops, tasks } = opsOfLines(parsed, { project_id: home, parent_id: null }, view.all('project'));
    void edit(...ops);
    start.onAdded?.();
    if (start.text === '') keepDraft(person.user_id, '');
    showToast({
      words: isMany ? (
        `Added ${tasks.length} tasks`
      ) : (
        <>
          Added: <b>{tasks[0]?.title}</b>
        </>
      ),
      undo: () => void edit(...tasks.map(({ id }) => newOp('delete', 'task', id))),
    });
    closeQuickAdd();
  }

  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.nativeEvent.isComposing) return;
    if (suggestions.length > 0 && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      const by = event.key === 'ArrowDown' ? 1 : -1;
      setChosen((active + by + suggestions.length) % suggestions.length);
    } else if (event.key === 'Tab' && !event.shiftKey && suggestions[active]) {
      event.preventDefault();
      take(suggestions[active]);
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      add();
    }
  }

  return (
    <Dialog
      label="Add a task"
      className="sheet-dialog quick-add"
      onClose={close}
      onEscape={() => {
        if (!marked) return false;
        typed.toWords(marked);
        return true;
      }}
    >
      <div className="quick-head">
        <TokenLine
          typed={typed}
          label="New task, in plain words"
          placeholder="What is to be done, and when?"
          describedBy="understood"
          field={field}
          onKeyDown={onKeyDown}
          list={suggestions.length > 0 ? { id: 'suggestions', active: `suggestion-${active}` } : null}
        />
        <Understood typed={typed} id="understood">
          {'Try: tomorrow at 9, every other Friday, #project, @tag, p1, //note'}
        </Understood>
        {isKept && (
          <p className="quick-kept facts">
            Typed before and not added yet.
            <button
              type="button"
              className="link"
              onClick={() => {
                typed.type('', 0);
                field.current?.focus();
              }}
            >
              Start afresh
            </button>
          </p>
        )}
      </div>
      {suggestions.length > 0 && (
        <div
          className="suggestions"
          id="suggestions"
          role="listbox"
          aria-label={at?.sigil === '#' ? 'Projects' : 'Tags'}
        >
          {suggestions.map((suggestion, index) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above moves and takes with arrows and Tab
            <div
              key={`${suggestion.name} ${suggestion.isNew}`}
              id={`suggestion-${index}`}
              role="option"
              aria-selected={index === active}
              tabIndex={-1}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(suggestion)}
            >
              <b className="suggestion-sigil">{suggestion.sigil}</b>
              <span>{suggestion.name}</span>
              <span className="facts">
                {suggestion.note} {index === active && <kbd>Tab</kbd>}
              </span>
            </div>
          ))}
        </div>
      )}
      {grammar && line && !isMany && <NextDates line={line} grammar={grammar} />}
      <footer className="quick-foot">
        <span className="facts quick-hint">
          <kbd>Esc</kbd> {marked ? 'turns the marked token back into words' : 'closes'}
        </span>
        <span className="facts quick-hint">Paste many lines for many tasks</span>
        <button
          type="button"
          className="button primary"
          onClick={add}
          aria-disabled={count === 0 || typed.wrong !== null}
        >
          {isMany ? `Add ${count}` : 'Add'} <Icon name="enter" />
        </button>
      </footer>
    </Dialog>
  );
}
