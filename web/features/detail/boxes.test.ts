import { expect, test } from 'vitest';
import { boxesIn, toggleBox } from './boxes.ts';

const notes = `Before
- [ ] milk
- [x] eggs [ ] two
  1. [X] nested

\`\`\`
- [ ] code
\`\`\`
> * [ ] quoted
- [] none
[ ] none either
- [ ]
`;

test('boxes are those of lists, not of code', () =>
  expect(boxesIn(notes).map((box) => [notes.slice(box.at - 1, box.at + 6), box.checked])).toEqual([
    ['[ ] mil', false],
    ['[x] egg', true],
    ['[X] nes', true],
    ['[ ] quo', false],
  ]));
test('one box is turned, the rest of the text stays as it is', () => {
  expect(toggleBox(notes, 0)).toBe(notes.replace('[ ] milk', '[x] milk'));
  expect(toggleBox(notes, 2)).toBe(notes.replace('[X] nested', '[ ] nested'));
  expect(toggleBox(toggleBox(notes, 3), 3)).toBe(notes);
});
test('a box that is not there turns nothing', () => expect(toggleBox(notes, 4)).toBe(notes));
