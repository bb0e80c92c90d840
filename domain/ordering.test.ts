import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPosition, positionBetween, positionsBetween } from './ordering.ts';

const isSorted = (positions: readonly string[]) =>
  positions.every((position, at) => at === 0 || (positions[at - 1] ?? '') < position);

describe('positions', () => {
  it('lie between their neighbours, however often one is put between', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 300 }), (picks) => {
        const list: string[] = [];
        for (const pick of picks) {
          const at = pick % (list.length + 1);
          list.splice(at, 0, positionBetween(list[at - 1] ?? null, list[at] ?? null));
        }
        expect(isSorted(list)).toBe(true);
        expect(new Set(list).size).toBe(list.length);
        expect(list.every(isPosition)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
  it('sort bytewise, as the database does with COLLATE "C"', () => {
    const positions = positionsBetween(null, null, 500);
    const bytewise = [...positions].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(positions).toEqual(bytewise);
  });
  it.each([
    ['at the end', (last: string | null) => positionBetween(last, null)],
    ['at the beginning', (first: string | null) => positionBetween(null, first)],
  ])('stay short when thousands are added %s', (_where, add) => {
    let position: string | null = null;
    for (let n = 0; n < 5000; n++) {
      const added = add(position);
      if (position !== null) expect(added < position).toBe(add(null) !== add(added) && _where === 'at the beginning');
      position = added;
    }
    expect(position?.length).toBeLessThan(5);
  });
  it('stay within 200 characters when hundreds are put into one gap', () => {
    let high = positionBetween('a0', null);
    for (let n = 0; n < 900; n++) high = positionBetween('a0', high);
    expect(isPosition(high)).toBe(true);
    let low = 'a0';
    for (let n = 0; n < 1000; n++) low = positionBetween(low, 'a1');
    expect(low.length).toBeLessThan(40);
  });
  it('are never equal to a neighbour, whatever text that is', () => {
    const text = fc.stringMatching(/^[0-9A-Za-z]{1,8}$/);
    fc.assert(
      fc.property(fc.option(text), fc.option(text), (one, other) => {
        const [before, after] = one !== null && other !== null && one > other ? [other, one] : [one, other];
        const position = positionBetween(before, after);
        expect(isPosition(position)).toBe(true);
        if (before !== null) expect(position > before).toBe(true);
        expect(position).not.toBe(after);
        const hasRoom =
          before === null
            ? !/^0+$/.test(after ?? 'a')
            : after !== null && !/^0*$/.test(after.startsWith(before) ? after.slice(before.length) : '1');
        if (after !== null && hasRoom) expect(position < after).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
  it('stand right behind the first of two neighbours that leave no room', () => {
    expect(positionBetween('a1', 'a1') > 'a1').toBe(true);
    expect(positionBetween('a2', 'a1') > 'a2').toBe(true);
    expect(positionBetween('a2', 'a1') < 'a3').toBe(true);
    expect(positionBetween('a1', 'a10') > 'a10').toBe(true);
  });
  it('come in numbers, in order, between two', () => {
    const between = positionsBetween('a0', 'a1', 50);
    expect(isSorted(['a0', ...between, 'a1'])).toBe(true);
    expect(Math.max(...between.map((position) => position.length))).toBeLessThan(6);
    expect(isSorted([...positionsBetween(null, 'a0', 20), 'a0'])).toBe(true);
    expect(isSorted(['a0', ...positionsBetween('a0', null, 20)])).toBe(true);
    expect(Math.max(...positionsBetween(null, null, 500).map((position) => position.length))).toBeLessThan(4);
    expect(positionsBetween('a0', null, 3)).toEqual(['a1', 'a2', 'a3']);
    expect([positionsBetween('a0', 'a1', 0), positionsBetween(null, null, 1)]).toEqual([[], ['a0']]);
  });
  it('are letters and digits', () => {
    expect(['a0', 'Zz', '0', 'V'.repeat(200)].every(isPosition)).toBe(true);
    expect(['', 'a-0', 'é', 'V'.repeat(201), 'a0\n'].some(isPosition)).toBe(false);
  });
});
