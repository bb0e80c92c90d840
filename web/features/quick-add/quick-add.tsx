import { foldName } from '@taskmaster/domain/ids';
import type { QuickAddToken } from '@taskmaster/domain/quick-add/parse';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { edit, useScreen } from '../../sync/store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icons.tsx';
import { showToast } from '../../ui/toast.tsx';
import { currentRoute } from '../shell/router.ts';
import { newOp } from '../tasks/acts.tsx';
import { useGrammar } from './grammar.ts';
import { opsOfLines } from './line-ops.ts';
import { closeQuickAdd } from './open.ts';
import { useReader } from './reader.ts';
import { asTyped, type Suggestion, sigilAt, suggestionsFor } from './suggestions.ts';
import { TokenLine } from './token-line.tsx';
import { NextDates, Understood } from './understood.tsx';

/** One line in plain words becomes a task; many lines become many. */
export default function QuickAdd({ start }: { start: string }) {
  const { view } = useScreen();
  const reader = useReader();
  const grammar = useGrammar();
  const [text, setText] = useState(start);
  const [caret, setCaret] = useState(start.length);
  const [ignore, setIgnore] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);

  const context = useMemo(() => ({ ...reader, ignore }), [reader, ignore]);
  const lines = useMemo(() => grammar?.splitLines(text) ?? [], [grammar, text]);
  const isMany = lines.length > 1;
  const line = useMemo(
    () => (grammar && !isMany ? grammar.parseQuickAdd(text, context) : undefined),
    [grammar, isMany, text, context],
  );
  const tokens = useMemo(() => {
    const projects = view.all('project');
    return (line?.tokens ?? []).map((token) => ({
      ...token,
      color:
        token.kind === 'project'
          ? projects.find((one) => foldName(one.name) === foldName(token.value))?.color
          : undefined,
    }));
  }, [line, view]);
  const marked =
    tokens.find((token) => token.start < caret && caret <= token.end) ?? tokens.findLast((token) => token.end <= caret);

  const at = sigilAt(text, caret);
  const suggestions = at ? suggestionsFor(view, at.sigil, at.typed) : [];
  const active = Math.min(chosen, suggestions.length - 1);

  useEffect(() => {
    const element = field.current;
    element?.focus();
    element?.setSelectionRange(element.value.length, element.value.length);
  }, []);

  const toWords = (token: QuickAddToken) => setIgnore((before) => [...before, token.text]);

  function take(suggestion: Suggestion): void {
    if (!at) return;
    const words = `${asTyped(suggestion)} `;
    const next = text.slice(0, at.start) + words + text.slice(caret);
    const end = at.start + words.length;
    setText(next);
    setCaret(end);
    setChosen(0);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(end, end);
    });
  }

  function add(): void {
    if (!grammar || lines.length === 0) return;
    const { place } = currentRoute();
    const home = place.name === 'project' && view.get('project', place.id) ? place.id : null;
    const parsed = lines.map((one) => grammar.parseQuickAdd(one, isMany ? reader : context));
    const { ops, tasks } = opsOfLines(parsed, { project_id: home, parent_id: null }, view.all('project'));
    void edit(...ops);
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
      onClose={closeQuickAdd}
      onEscape={() => {
        if (!marked) return false;
        toWords(marked);
        return true;
      }}
    >
      <div className="quick-head">
        <TokenLine
          text={text}
          tokens={tokens}
          marked={marked}
          field={field}
          onText={(next, position) => {
            setText(next);
            setCaret(position);
            setIgnore((before) => before.filter((words) => next.toLowerCase().includes(words.toLowerCase())));
          }}
          onCaret={setCaret}
          onToken={toWords}
          onKeyDown={onKeyDown}
          listId={suggestions.length > 0 ? 'suggestions' : undefined}
          activeId={suggestions.length > 0 ? `suggestion-${active}` : undefined}
        />
        {isMany ? (
          <p className="understood facts" id="understood" aria-live="polite">
            {lines.length} lines become {lines.length} tasks
          </p>
        ) : grammar && line && tokens.length > 0 ? (
          <Understood line={line} grammar={grammar} />
        ) : (
          <p className="understood facts" id="understood">
            {'Try: tomorrow at 9, every other Friday, #project, @tag, p1, //note'}
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
        <button type="button" className="button primary" onClick={add} aria-disabled={lines.length === 0}>
          Add <Icon name="enter" />
        </button>
      </footer>
    </Dialog>
  );
}
