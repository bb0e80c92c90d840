import { projectNamed } from '@taskmaster/domain/project-named';
import type { ParsedTask, QuickAddContext, QuickAddToken } from '@taskmaster/domain/quick-add/parse';
import { useMemo, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { type Grammar, useGrammar } from './grammar.ts';
import { useReader } from './reader.ts';
import { tooLarge } from './too-large.ts';

export interface ColoredToken extends QuickAddToken {
  /** Of the project that it names. */
  color: string | undefined;
}

export interface PlainLine {
  text: string;
  caret: number;
  /** Undefined until the parser is there: then nothing is understood yet and nothing can be added. */
  grammar: Grammar | undefined;
  /** How many tasks the text is; more than one is not marked while it is typed. */
  count: number;
  /** The one task that the text is. */
  line: ParsedTask | undefined;
  tokens: readonly ColoredToken[];
  /** Its words are understood but for being all that it could be called. */
  isAllTitle: boolean;
  /** The token that Esc turns back into words: at the caret, else the last before it. */
  marked: ColoredToken | undefined;
  type(text: string, caret: number): void;
  moveCaret(caret: number): void;
  toWords(token: QuickAddToken): void;
  /** Why it cannot be taken: said of one task as it is typed, of many once somebody has tried. */
  wrong: string | null;
  /** All of it as tasks, as it is now; none where something is wrong. */
  take(): ParsedTask[];
}

/** Text in plain words with what is understood of it, wherever tasks are typed. */
export function usePlainLine(start = ''): PlainLine {
  const { view } = useScreen();
  const reader = useReader();
  const grammar = useGrammar();
  const [text, setText] = useState(start);
  const [caret, setCaret] = useState(start.length);
  const [ignore, setIgnore] = useState<readonly string[]>([]);
  const [refused, setRefused] = useState<string | null>(null);

  const context = useMemo(() => ({ ...reader, ignore }), [reader, ignore]);
  const lines = useMemo(() => grammar?.splitLines(text) ?? [], [grammar, text]);
  const isMany = lines.length > 1;
  const line = useMemo(
    () => (grammar && !isMany ? grammar.parseQuickAdd(text, context) : undefined),
    [grammar, isMany, text, context],
  );
  const isAllTitle = useMemo(
    () => grammar !== undefined && line !== undefined && couldSayMore(line, text, grammar, context),
    [grammar, line, text, context],
  );
  const tokens = useMemo(() => {
    const projects = view.all('project');
    const colorOf = (name: string) => projectNamed(projects, name)?.color;
    return (line?.tokens ?? []).map((token) => ({
      ...token,
      color: token.kind === 'project' ? colorOf(token.value) : undefined,
    }));
  }, [line, view]);

  return {
    text,
    caret,
    grammar,
    count: lines.length,
    line,
    tokens,
    isAllTitle,
    marked:
      tokens.find((token) => token.start < caret && caret <= token.end) ??
      tokens.findLast((token) => token.end <= caret),
    wrong: line ? tooLarge([line]) : refused,
    type(next, position) {
      setText(next);
      setRefused(null);
      setCaret(position);
      setIgnore((before) => before.filter((words) => next.toLowerCase().includes(words.toLowerCase())));
    },
    moveCaret: setCaret,
    toWords: (token) => setIgnore((before) => [...before, token.text]),
    take() {
      if (!grammar) return [];
      const tasks = lines.map((one) => grammar.parseQuickAdd(one, isMany ? reader : context));
      const wrong = tooLarge(tasks);
      setRefused(wrong);
      return wrong === null ? tasks : [];
    },
  };
}

/** Whether the same words behind a title would mean something: a task needs one, so they are it. */
function couldSayMore(line: ParsedTask, text: string, grammar: Grammar, context: QuickAddContext): boolean {
  if (text.trim() === '' || line.title.length > LONGEST_OF_DATES || line.due_date !== null) return false;
  const behind = grammar.parseQuickAdd(`x ${text}`, context);
  return behind.title === 'x' && behind.tokens.length > line.tokens.length;
}
const LONGEST_OF_DATES = 80;
