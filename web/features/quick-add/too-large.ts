import { bytesOf, limits } from '@taskmaster/contracts/limits';
import type { ParsedTask } from '@taskmaster/domain/quick-add/parse';

const number = (value: number): string => value.toLocaleString('en');

/** What the server would refuse of these tasks for its size, as a sentence; null where it takes them all. */
export function tooLarge(lines: readonly Pick<ParsedTask, 'title' | 'notes' | 'tags' | 'project'>[]): string | null {
  for (const [index, { title, notes, tags, project }] of lines.entries()) {
    const where = lines.length > 1 ? `Line ${index + 1}: ` : '';
    if (title.length > limits.title)
      return `${where}a title holds at most ${limits.title} characters, and this one has ${number(title.length)}. What stands behind // becomes notes.`;
    if (bytesOf(notes) > limits.notes_bytes)
      return `${where}notes hold at most ${number(limits.notes_bytes)} bytes, and these have ${number(bytesOf(notes))}.`;
    if (tags.length > limits.tags)
      return `${where}a task has at most ${limits.tags} tags, and this one has ${tags.length}.`;
    if (project !== null && project.length > limits.name)
      return `${where}the name of a project has at most ${limits.name} characters.`;
  }
  return null;
}
