import { type ReactNode, useId, useState } from 'react';

/** A field of the panel that says its value and opens on a click, for what changes it. */
export function FoldField({
  label,
  value,
  isFixed,
  children,
}: {
  label: string;
  value: ReactNode;
  isFixed: boolean;
  children: ReactNode;
}) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <div className="panel-field">
      <span className="panel-label" id={id}>
        {label}
      </span>
      <div>
        <button
          type="button"
          className="panel-value"
          aria-expanded={isOpen}
          aria-describedby={id}
          disabled={isFixed}
          onClick={() => setOpen(!isOpen)}
        >
          {value}
        </button>
        {isOpen && <div className="panel-well">{children}</div>}
      </div>
    </div>
  );
}
