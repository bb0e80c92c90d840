import { Dialog } from '../../ui/dialog.tsx';

const list: [string[], string][] = [
  [['Q'], 'Add a task'],
  [['/'], 'Find'],
  [['J', '↓'], 'Next task'],
  [['K', '↑'], 'Task before'],
  [['Space'], 'Done, or not after all'],
  [['Enter'], 'Open the task'],
  [['Esc'], 'Close what is open'],
  [['Del'], 'Delete the task'],
  [['Z'], 'Undo'],
  [['G', 'T'], 'Go to Today'],
  [['G', 'I'], 'Go to the Inbox'],
  [['G', 'A'], 'Go to Activity'],
  [['B'], 'What you were told'],
  [['?'], 'These keys'],
];

/** Every key there is. */
export default function KeysDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog label="Keys" className="sheet-dialog keys" onClose={onClose}>
      <h2 className="subtitle">Keys</h2>
      <dl>
        {list.map(([keys, words]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <footer>
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </footer>
    </Dialog>
  );
}
