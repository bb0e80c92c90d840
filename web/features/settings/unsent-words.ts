const edits = (count: number): string => (count === 1 ? '1 edit' : `${count} edits`);
const have = (count: number): string => (count === 1 ? 'has' : 'have');

/**
 * What would be lost by leaving the device now: edits on their way, and edits that the server refused, which no waiting sends.
 * To a closed account nothing is sent before it is taken back.
 */
export function unsentWords(waiting: number, refused: number, isClosed = false): { title: string; words: string } {
  const parts = [
    ...(waiting > 0 ? [`${edits(waiting)} ${have(waiting)} not reached the server`] : []),
    ...(refused > 0
      ? [`${edits(refused)} ${refused === 1 ? 'was' : 'were'} refused by ${waiting > 0 ? 'it' : 'the server'}`]
      : []),
  ];
  const stay = [
    ...(waiting > 0
      ? [
          isClosed
            ? 'Take the account back to have what is on its way sent.'
            : 'Stay until the two lines are equal to keep what is on its way.',
        ]
      : []),
    ...(refused > 0
      ? ['What was refused is not sent by waiting: it stands under the two lines, to be looked at.']
      : []),
  ];
  return {
    title: parts.join(', '),
    words: `${isClosed ? 'Leaving it closed' : 'Signing out'} takes ${waiting + refused === 1 ? 'it' : 'them'} off this device for good. ${stay.join(' ')}`,
  };
}
