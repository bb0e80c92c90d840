import { type CSSProperties, type ReactNode, useLayoutEffect, useRef } from 'react';

/** A modal of the browser's own: it keeps focus inside, makes the rest inert, and gives focus back. */
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
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
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
