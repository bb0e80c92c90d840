/**
 * Order by hand: a position is a fraction spelled in base 62, so that between any two there is another one and moving a
 * task writes one row. Positions sort bytewise (`COLLATE "C"`, `<` in TypeScript); equal ones, made by two devices at once,
 * are told apart by id. The first character says how long the whole part is, so that adding at either end a million times
 * stays short; the scheme is that of David Greenspan, "Implementing Fractional Indexing" (2020).
 */

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const MIDDLE = 'V';
const LEAST_WHOLE = `A${'0'.repeat(26)}`;

/** True for what can stand as a position. */
export const isPosition = (text: string): boolean => /^[0-9A-Za-z]{1,200}$/.test(text);

/**
 * A position that sorts after `before` and in front of `after`; null is the end of the list on that side. Neighbours that
 * leave no room (equal or crossed, after concurrent moves) give a position right behind `before`. Never equal to either.
 */
export function positionBetween(before: string | null, after: string | null): string {
  const position = between(before, after);
  const fits = position !== null && (before === null || before < position) && (after === null || position < after);
  return fits ? position : `${before ?? after ?? ''}${MIDDLE}`;
}

/** `count` positions in order, spread between two. */
export function positionsBetween(before: string | null, after: string | null, count: number): string[] {
  if (count <= 0) return [];
  if (before === null || after === null) {
    const positions: string[] = [];
    let last = after === null ? before : after;
    for (let n = 0; n < count; n++) {
      last = after === null ? positionBetween(last, null) : positionBetween(null, last);
      positions.push(last);
    }
    return after === null ? positions : positions.reverse();
  }
  const middle = positionBetween(before, after);
  const left = Math.floor((count - 1) / 2);
  return [...positionsBetween(before, middle, left), middle, ...positionsBetween(middle, after, count - 1 - left)];
}

function between(before: string | null, after: string | null): string | null {
  const low = before === null ? null : wholeOf(before);
  const high = after === null ? null : wholeOf(after);
  if (before === null && after === null) return 'a0';
  if ((before !== null && low === null) || (after !== null && high === null)) return middleOf(before ?? '', after);
  if (before === null || low === null) {
    if (after === null || high === null) return null;
    if (high === LEAST_WHOLE) return join(high, middleOf('', after.slice(high.length)));
    return high < after ? high : step(high, -1);
  }
  const rest = before.slice(low.length);
  if (after === null || high === null) return step(low, 1) ?? join(low, middleOf(rest, null));
  if (low === high) return join(low, middleOf(rest, after.slice(high.length)));
  const next = step(low, 1);
  return next !== null && next < after ? next : join(low, middleOf(rest, null));
}

const join = (whole: string, fraction: string | null): string | null => (fraction === null ? null : whole + fraction);

/** The whole part, or null for a text that this scheme did not make. */
function wholeOf(position: string): string | null {
  const head = position.charCodeAt(0);
  const length = head >= 97 ? head - 95 : head >= 65 && head <= 90 ? 92 - head : 0;
  return length > 0 && position.length >= length ? position.slice(0, length) : null;
}

/** The whole part one up or one down; null at the very end. */
function step(whole: string, by: 1 | -1): string | null {
  const digits = [...whole.slice(1)];
  for (let at = digits.length - 1; at >= 0; at--) {
    const value = DIGITS.indexOf(digits[at] ?? '0') + by;
    if (value >= 0 && value < 62) {
      digits[at] = DIGITS.charAt(value);
      return whole.charAt(0) + digits.join('');
    }
    digits[at] = by > 0 ? '0' : 'z';
  }
  const head = whole.charAt(0);
  if (head === (by > 0 ? 'z' : 'A')) return null;
  if (by > 0 && head === 'Z') return 'a0';
  if (by < 0 && head === 'a') return 'Zz';
  const next = String.fromCharCode(head.charCodeAt(0) + by);
  const longer = by > 0 ? head >= 'a' : head <= 'Z';
  return next + (longer ? digits.join('') + (by > 0 ? '0' : 'z') : digits.slice(1).join(''));
}

/**
 * A fraction between two, as short as can be; null if there is none. `high` null is the end: there it goes up by the smallest
 * step, since tasks are typed one below the other.
 */
function middleOf(low: string, high: string | null): string | null {
  if (high !== null) {
    let same = 0;
    while (same < high.length && (low[same] ?? '0') === high[same]) same++;
    if (same === high.length) return null;
    if (same > 0) return join(high.slice(0, same), middleOf(low.slice(same), high.slice(same)));
  }
  const from = low ? DIGITS.indexOf(low.charAt(0)) : 0;
  const to = high ? DIGITS.indexOf(high.charAt(0)) : 62;
  if (to - from > 1) return DIGITS.charAt(high === null && low ? from + 1 : Math.round((from + to) / 2));
  if (high !== null && high.length > 1) return high.charAt(0);
  return join(DIGITS.charAt(from), middleOf(low.slice(1), null));
}
