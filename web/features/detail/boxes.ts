/** A box of a task list in Markdown, `- [ ] milk`: where the character between its brackets stands. */
export interface Box {
  at: number;
  checked: boolean;
}

const item = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)+\[([ xX])\]\s+\S/;
const fence = /^[\s>]*(?:[-*+]\s+|\d{1,9}[.)]\s+)*(`{3,}|~{3,})/;

/** The boxes of a text in their order, those in blocks of code left out. */
export function boxesIn(markdown: string): Box[] {
  const boxes: Box[] = [];
  let open = '';
  let start = 0;
  for (const line of markdown.split('\n')) {
    const marks = fence.exec(line)?.[1];
    if (open) {
      if (marks?.startsWith(open)) open = '';
    } else if (marks) open = marks;
    else {
      const found = item.exec(line);
      if (found) boxes.push({ at: start + line.indexOf(`[${found[1]}]`) + 1, checked: found[1] !== ' ' });
    }
    start += line.length + 1;
  }
  return boxes;
}

/** The text with one box the other way round. */
export function toggleBox(markdown: string, index: number): string {
  const box = boxesIn(markdown)[index];
  return box ? `${markdown.slice(0, box.at)}${box.checked ? ' ' : 'x'}${markdown.slice(box.at + 1)}` : markdown;
}
