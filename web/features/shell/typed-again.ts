import type { Op } from '@taskmaster/domain/commands/world';
import type { Due, Place, Priority } from '@taskmaster/domain/task';
import { asTyped } from '../quick-add/suggestions.ts';

const priorityTyped: Record<Priority, string> = { high: 'p1', medium: 'p2', low: 'p3' };

/**
 * A creation as the line that would make it. `isWhole` is false where it held more than a line says here: then what was
 * refused is still worth keeping.
 */
export function typedAgain(
  patch: Op['patch'],
  projectName: (id: string) => string | undefined,
): { text: string; isWhole: boolean } {
  const { title, notes, priority, due, place, tags, ...more } = patch as {
    title?: string;
    notes?: string;
    priority?: Priority | null;
    due?: Due;
    place?: Place;
    tags?: { add: string[] };
  };
  const project = place?.project_id ? projectName(place.project_id) : undefined;
  const parts = [
    title ?? '',
    due?.due_date ?? '',
    due?.due_time ?? '',
    project === undefined ? '' : asTyped({ sigil: '#', name: project }),
    ...(tags?.add ?? []).map((name) => asTyped({ sigil: '@', name })),
    priority ? priorityTyped[priority] : '',
    // Each line of a text is a task of its own.
    notes ? `//${notes.replace(/\s*\n\s*/g, ' ')}` : '',
  ];
  const isWhole =
    Object.keys(more).length === 0 &&
    !notes?.includes('\n') &&
    !due?.due_zone &&
    !place?.parent_id &&
    (!place?.project_id || !!project);
  return { text: parts.filter(Boolean).join(' '), isWhole };
}
