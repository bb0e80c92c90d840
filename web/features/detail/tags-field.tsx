import { isBlank } from '@taskmaster/domain/blank';
import { foldName } from '@taskmaster/domain/ids';
import type { Task } from '@taskmaster/domain/task';
import { useRef, useState } from 'react';
import { useScreen } from '../../sync/store.ts';
import { Icon } from '../../ui/icons.tsx';
import { updateTask } from '../tasks/acts.tsx';

/** Tags are words; a new name makes a new tag. */
export function TagsField({ task }: { task: Task }) {
  const { view } = useScreen();
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const colorOf = (name: string) => view.all('tag').find((tag) => foldName(tag.name) === foldName(name))?.color;
  const add = () => {
    const name = text.trim().replace(/^@/, '');
    if (!isBlank(name)) updateTask(task, { tags: { add: [name], remove: [] } });
    setText('');
  };
  return (
    <div className="panel-field">
      <label className="panel-label" htmlFor="new-tag">
        Tags
      </label>
      <span className="panel-tags">
        {task.tags.map((tag) => (
          <span key={tag} className="tag" data-color={colorOf(tag)}>
            <b>@</b>
            {tag}
            <button
              type="button"
              className="tag-off"
              aria-label={`Take off @${tag}`}
              onClick={() => {
                updateTask(task, { tags: { add: [], remove: [tag] } }, `Took off @${tag}`);
                // The button goes with its tag; the focus does not.
                field.current?.focus();
              }}
            >
              <Icon name="close" />
            </button>
          </span>
        ))}
        <input
          id="new-tag"
          ref={field}
          className="plain-field"
          list="known-tags"
          placeholder={task.tags.length === 0 ? 'Add a tag' : 'Another'}
          maxLength={60}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              add();
            } else if (event.key === 'Escape' && text !== '') {
              event.preventDefault();
              setText('');
            }
          }}
          onBlur={add}
        />
        <datalist id="known-tags">
          {view.all('tag').map((tag) => (
            <option key={tag.id} value={tag.name} />
          ))}
        </datalist>
      </span>
    </div>
  );
}
