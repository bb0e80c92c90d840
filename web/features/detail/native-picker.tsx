import { useState } from 'react';

const limits = { date: { min: '1900-01-01', max: '9999-12-31' }, time: {} };
const wrongWords = {
  date: 'Not a whole date from 1900 on. Nothing was changed.',
  time: 'Not a whole time. Nothing was changed.',
};

/**
 * The browser's own field for a day or a time. It says a whole value at every key on the way to the one that is meant, so
 * nothing is saved before Enter or leaving; Esc gives up.
 */
export function NativePicker({
  type,
  label,
  value,
  onSave,
}: {
  type: 'date' | 'time';
  label: string;
  value: string;
  /** Gets '' where the field was emptied. */
  onSave(value: string): void;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const [isWrong, setWrong] = useState(false);
  const save = (input: HTMLInputElement) => {
    if (draft === null && !input.validity.badInput) return;
    setWrong(!input.validity.valid);
    // What is half typed stays in sight.
    if (!input.validity.valid) return;
    setDraft(null);
    if (input.value !== value) onSave(input.value);
  };
  return (
    <span className="native-picker">
      <input
        className="field"
        type={type}
        aria-label={label}
        aria-invalid={isWrong}
        {...limits[type]}
        value={draft ?? value}
        onChange={({ target }) => {
          setDraft(target.value);
          setWrong(false);
        }}
        onKeyDown={(event) => {
          const input = event.currentTarget;
          if (event.key === 'Enter') save(input);
          else if (event.key === 'Escape' && (draft !== null || input.validity.badInput)) {
            event.preventDefault();
            // Half a date is no value that a drawing could put back.
            input.value = value;
            setDraft(null);
            setWrong(false);
          }
        }}
        onBlur={({ currentTarget }) => save(currentTarget)}
      />
      {isWrong && (
        <span className="wrong" role="alert">
          {wrongWords[type]}
        </span>
      )}
    </span>
  );
}
