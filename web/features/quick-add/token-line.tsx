import type { QuickAddToken } from '@taskmaster/domain/quick-add/parse';
import type { KeyboardEvent, Ref } from 'react';

export interface ColoredToken extends QuickAddToken {
  color?: string | undefined;
}

/** A text field with a mirror behind it that marks what was understood. Letters of both lie exactly on each other. */
export function TokenLine({
  text,
  tokens,
  marked,
  field,
  onText,
  onCaret,
  onToken,
  onKeyDown,
  listId,
  activeId,
}: {
  text: string;
  tokens: readonly ColoredToken[];
  /** The token that Esc turns back into words. */
  marked: QuickAddToken | undefined;
  field: Ref<HTMLTextAreaElement>;
  onText(text: string, caret: number): void;
  onCaret(caret: number): void;
  onToken(token: QuickAddToken): void;
  onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>): void;
  listId: string | undefined;
  activeId: string | undefined;
}) {
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
        aria-label="New task, in plain words"
        aria-describedby="understood"
        aria-autocomplete="list"
        aria-controls={listId}
        aria-activedescendant={activeId}
        placeholder="What is to be done, and when?"
        rows={1}
        spellCheck={false}
        autoCapitalize="sentences"
        enterKeyHint="done"
        value={text}
        onChange={(event) => onText(event.target.value, event.target.selectionStart)}
        onSelect={(event) => onCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const { selectionStart, selectionEnd } = event.currentTarget;
          const token =
            selectionStart === selectionEnd &&
            tokens.find((one) => one.start < selectionStart && selectionStart < one.end);
          if (token) onToken(token);
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
