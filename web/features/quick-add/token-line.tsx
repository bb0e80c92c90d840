import type { KeyboardEvent, Ref } from 'react';
import type { ColoredToken, PlainLine } from './plain-line.ts';

/** A text field with a mirror behind it that marks what was understood. Letters of both lie exactly on each other. */
export function TokenLine({
  typed,
  label,
  placeholder,
  describedBy,
  field,
  onKeyDown,
  list,
}: {
  typed: PlainLine;
  label: string;
  placeholder: string;
  describedBy: string;
  field?: Ref<HTMLTextAreaElement>;
  onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void;
  /** What is suggested now; undefined where nothing ever is. */
  list?: { id: string; active: string } | null;
}) {
  const { text, tokens, marked } = typed;
  return (
    <div className="token-line">
      <div className="token-mirror" aria-hidden="true">
        {piecesOf(text, tokens).map((piece) =>
          'token' in piece ? (
            <span
              key={piece.start}
              className="token"
              data-kind={piece.token.kind}
              data-value={piece.token.value}
              data-color={piece.token.color}
              data-marked={piece.token === marked || undefined}
            >
              {piece.words}
            </span>
          ) : (
            <span key={piece.start}>{piece.words}</span>
          ),
        )}
        {text === '' || text.endsWith('\n') ? '\u200b' : ''}
      </div>
      <textarea
        ref={field}
        className="token-field"
        aria-label={label}
        aria-describedby={describedBy}
        aria-autocomplete={list === undefined ? undefined : 'list'}
        aria-controls={list?.id}
        aria-activedescendant={list?.active}
        placeholder={placeholder}
        rows={1}
        spellCheck={false}
        autoCapitalize="sentences"
        enterKeyHint="done"
        value={text}
        onChange={(event) => typed.type(event.target.value, event.target.selectionStart)}
        onSelect={(event) => typed.moveCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const { selectionStart, selectionEnd } = event.currentTarget;
          const token =
            selectionStart === selectionEnd &&
            tokens.find((one) => one.start < selectionStart && selectionStart < one.end);
          if (token) typed.toWords(token);
        }}
      />
    </div>
  );
}

type Piece = { start: number; words: string } | { start: number; words: string; token: ColoredToken };

function piecesOf(text: string, tokens: readonly ColoredToken[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const token of tokens) {
    if (token.start > at) pieces.push({ start: at, words: text.slice(at, token.start) });
    pieces.push({ start: token.start, words: text.slice(token.start, token.end), token });
    at = token.end;
  }
  if (at < text.length) pieces.push({ start: at, words: text.slice(at) });
  return pieces;
}
