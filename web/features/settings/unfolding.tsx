import { type InputHTMLAttributes, type ReactNode, useEffect, useId, useRef, useState } from 'react';

/** A button that becomes a form, and the form a button again: what was typed goes with it. */
export function Unfolding({ words, children }: { words: string; children(close: () => void): ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const wasOpen = useRef(false);
  if (isOpen)
    return children(() => {
      wasOpen.current = true;
      setOpen(false);
    });
  return (
    <button
      type="button"
      className="button"
      ref={(button) => {
        if (wasOpen.current) button?.focus();
      }}
      onClick={() => setOpen(true)}
    >
      {words}
    </button>
  );
}

/** The form in a row of the settings. Cancel and Esc close it. */
export function SettingForm({
  send,
  isReady,
  onSend,
  onClose,
  children,
}: {
  send: string;
  isReady: boolean;
  onSend(): Promise<unknown>;
  onClose(): void;
  children: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  return (
    <form
      ref={form}
      className="setting-form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isReady || isBusy) return;
        setBusy(true);
        void onSend().finally(() => setBusy(false));
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      {children}
      <span className="setting-form-acts">
        <button type="button" className="button quiet" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="button primary" aria-disabled={!isReady || isBusy}>
          {send}
        </button>
      </span>
    </form>
  );
}

export function FormField({
  label,
  value,
  write,
  ...input
}: { label: string; value: string; write(text: string): void } & Pick<
  InputHTMLAttributes<HTMLInputElement>,
  'type' | 'autoComplete'
>) {
  const id = useId();
  return (
    <span className="setting-form-field">
      <label htmlFor={id} className="facts">
        {label}
      </label>
      <input id={id} className="field" value={value} onChange={(event) => write(event.target.value)} {...input} />
    </span>
  );
}
