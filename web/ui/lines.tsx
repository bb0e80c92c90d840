/** The two lines: the upper is this device, the lower the server. Always beside words. */
export type LinesState = 'equal' | 'here' | 'sending' | 'offline' | 'behind' | 'refused';

export function Lines({ state }: { state: LinesState }) {
  return (
    <svg className="lines" data-state={state} viewBox="0 0 18 14" aria-hidden="true">
      <rect className="lines-device" x="0" y="2.5" width={state === 'behind' ? 10 : 18} height="3" rx="1.5" />
      {state === 'offline' ? (
        [0, 6, 12].map((x, index) => <circle key={x} cx={x + 1.5} cy="10" r="1.5" opacity={1 - index * 0.3} />)
      ) : state === 'refused' ? (
        <>
          <rect x="0" y="8.5" width="7" height="3" rx="1.5" />
          <rect x="11" y="8.5" width="7" height="3" rx="1.5" />
        </>
      ) : (
        <rect
          className="lines-server"
          x="0"
          y="8.5"
          width={state === 'here' || state === 'sending' ? 9 : 18}
          height="3"
          rx="1.5"
        />
      )}
    </svg>
  );
}

/** The mark of the house, and on a phone the state of sync. */
export function Leaf({ state = 'equal', size }: { state?: LinesState; size: number }) {
  return (
    <svg className="leaf" data-state={state} width={size} height={size} viewBox="0 0 28 28" aria-hidden="true">
      <path d="M14 0h11a3 3 0 0 1 3 3v11a14 14 0 0 1-14 14H3a3 3 0 0 1-3-3V14A14 14 0 0 1 14 0Z" />
      <rect x="7" y="9.5" width="14" height="3.2" rx="1.6" />
      <rect x="7" y="15.3" width={state === 'equal' ? 14 : 8} height="3.2" rx="1.6" />
    </svg>
  );
}
