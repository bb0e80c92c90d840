import { type CSSProperties, type ReactNode, useEffect, useLayoutEffect, useRef } from 'react';
import { openOver } from './back.ts';

/**
 * A modal of the browser's own: it keeps focus inside, makes the rest inert, and gives focus back. It opens at its
 * beginning, and the browser's Back closes it.
 */
export function Dialog({
  label,
  className = 'sheet-dialog',
  style,
  onClose,
  onEscape,
  children,
}: {
  label: string;
  className?: string;
  /** Places it: custom properties that its style sheet reads. */
  style?: Record<`--${string}`, string>;
  onClose(): void;
  /** Returns true where Esc meant something else than closing. */
  onEscape?(): boolean;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    // What can first be focused may lie far below the heading.
    if (element && element.scrollTop > 0) {
      element.focus({ preventScroll: true });
      element.scrollTop = 0;
    }
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => openOver(() => close.current()), []);
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      className={className}
      style={style as CSSProperties}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        if (!onEscape?.()) onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key !== 'Escape') return;
        event.preventDefault();
        if (!onEscape?.()) onClose();
      }}
    >
      {children}
    </dialog>
  );
}
