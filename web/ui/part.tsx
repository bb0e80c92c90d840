import { Component, type ComponentType, lazy, type ReactNode, Suspense, useState } from 'react';
import { Dialog } from './dialog.tsx';

class NotFetched extends Error {
  override readonly name = 'NotFetched';
}

interface PartLooks<Props> {
  /** Shown until it is there. */
  waiting?: ReactNode;
  /** Shown in its place where it could not be fetched: the words for that, in a frame of the caller's. */
  away?(words: ReactNode, props: Props): ReactNode;
}

/**
 * A part of the page that is fetched when it is first asked for. Where that fails the rest goes on: the part says so in its
 * place, and is fetched again when somebody says so, or asks for it again.
 */
export function part<Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  { waiting = null, away = (words) => <div className="part-away">{words}</div> }: PartLooks<Props> = {},
): ComponentType<Props> {
  const fetched = (): ComponentType<Props> =>
    lazy(() =>
      load().catch((cause: unknown) => {
        // What has failed is kept as failed: whoever comes next needs another.
        latest = fetched();
        throw new NotFetched('A part of the page could not be fetched.', { cause });
      }),
    ) as unknown as ComponentType<Props>;
  let latest = fetched();
  return function Part(props: Props) {
    const [{ Fetched, attempt }, setFetched] = useState(() => ({ Fetched: latest, attempt: 0 }));
    const again = () => setFetched({ Fetched: latest, attempt: attempt + 1 });
    return (
      <Boundary key={attempt} away={() => away(<Away again={again} />, props)}>
        <Suspense fallback={waiting}>
          <Fetched {...props} />
        </Suspense>
      </Boundary>
    );
  };
}

/** A part that lies over the page: what is said in its place can be closed as it can. */
export const partOver = <Props extends object>(
  load: () => Promise<{ default: ComponentType<Props> }>,
  close: (props: Props) => void,
): ComponentType<Props> =>
  part(load, {
    away: (words, props) => (
      <Dialog label="Not fetched" className="sheet-dialog keys" onClose={() => close(props)}>
        {words}
        <footer className="dialog-foot">
          <button type="button" className="button quiet" onClick={() => close(props)}>
            Close
          </button>
        </footer>
      </Dialog>
    ),
  });

class Boundary extends Component<{ away(): ReactNode; children: ReactNode }, { error: unknown }> {
  override state = { error: undefined as unknown };
  static getDerivedStateFromError(error: unknown) {
    return { error };
  }
  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    if (error instanceof NotFetched) return this.props.away();
    throw error;
  }
}

function Away({ again }: { again(): void }) {
  return (
    <div role="alert">
      <h2 className="subtitle">This part could not be fetched</h2>
      <p className="dialog-words">
        It comes from the server when it is first asked for, and the server did not answer. Everything else goes on
        working, and nothing was lost.
      </p>
      <button type="button" className="button primary" onClick={again}>
        Try again
      </button>
    </div>
  );
}
