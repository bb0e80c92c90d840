import type { Priority } from '@taskmaster/domain/task';

export const priorityWord = (priority: Priority | null): string =>
  priority === null ? 'No priority' : `${priority.charAt(0).toUpperCase()}${priority.slice(1)}`;

/** Corners are urgency: none is a circle, low has one sharp corner, medium two, high four. Done is round again. */
export function Shape({ priority, done = false }: { priority: Priority | null; done?: boolean }) {
  return (
    <span className="shape" data-priority={priority ?? 'none'} data-done={done || undefined} aria-hidden="true">
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="m4.4 8.3 2.5 2.5 4.8-5.2" />
      </svg>
    </span>
  );
}

export function ShapeButton({
  priority,
  done,
  title,
  onToggle,
}: {
  priority: Priority | null;
  done: boolean;
  title: string;
  onToggle(): void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: Enter as well as Space is to finish a task
    <button
      type="button"
      role="checkbox"
      aria-checked={done}
      className="shape-button"
      aria-label={`${title}${priority ? `, ${priority} priority` : ''}`}
      title={done ? 'Not done after all' : 'Done'}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <Shape priority={priority} done={done} />
    </button>
  );
}
