import type { ChangesAnswer, Mine, SnapshotLine } from '@taskmaster/contracts/sync/changes';
import type { SyncCursor } from '@taskmaster/contracts/sync/frames';
import type { PushAnswer, SyncOp } from '@taskmaster/contracts/sync/ops';
import type { Entity, Row } from '@taskmaster/domain/registers';
import type { Snapshot } from './device.ts';

/** The number of the wire that this page speaks (`SYNC_SCHEMA`; a test holds the two together). */
export const SCHEMA = 1;
const PATIENCE_MS = 20_000;

/** What the server said no with (problem+json), or that it could not be reached (`status` 0). */
export class ServerRefusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string | undefined,
    readonly errors: readonly { path: string; message: string }[] = [],
    readonly retry_after: number | undefined = undefined,
  ) {
    super(detail ?? code);
    this.name = 'ServerRefusal';
  }
}

/** A same-origin request; its whole answer has to come in time. @throws ServerRefusal */
export async function ask(
  path: string,
  init: { method?: string; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const timeout = init.signal ?? AbortSignal.timeout?.(PATIENCE_MS);
  let answer: Response;
  try {
    answer = await fetch(path, {
      method: init.method ?? 'GET',
      credentials: 'same-origin',
      ...(init.body === undefined
        ? {}
        : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json', ...init.headers } }),
      ...(timeout ? { signal: timeout } : {}),
    });
  } catch {
    throw new ServerRefusal(0, 'unreachable', 'The server does not answer.');
  }
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
    title?: string;
    errors?: { path: string; message: string }[];
  };
  const retry = Number(answer.headers.get('retry-after'));
  throw new ServerRefusal(
    answer.status,
    problem.code ?? 'internal',
    problem.detail ?? problem.errors?.[0]?.message ?? problem.title,
    problem.errors,
    retry > 0 ? retry : undefined,
  );
}

/** A text that may take minutes on a slow line: given up only when nothing of it has come for a while. */
async function askForLong(path: string): Promise<string> {
  const giveUp = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  };
  wait();
  try {
    const { body } = await ask(path, { signal: giveUp.signal });
    if (!body) return '';
    let text = '';
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
      wait();
    }
  } catch (error) {
    throw error instanceof ServerRefusal ? error : new ServerRefusal(0, 'cut', 'The answer was cut short.');
  } finally {
    clearTimeout(timer);
  }
}

export interface DeviceName {
  client_id: string;
  from_n?: number | undefined;
}

export interface Transport {
  snapshot(device: DeviceName): Promise<Snapshot>;
  changes(cursor: SyncCursor, device: DeviceName): Promise<ChangesAnswer>;
  push(client_id: string, ops: readonly SyncOp[]): Promise<PushAnswer>;
  ticket(): Promise<{ ticket: string; url: string }>;
}

export function createTransport(workspaceId: string): Transport {
  const base = `/api/workspaces/${workspaceId}`;
  const deviceQuery = ({ client_id, from_n }: DeviceName): string =>
    from_n ? `client_id=${client_id}&from_n=${from_n}` : '';
  return {
    snapshot: async (device) => readSnapshot(await askForLong(`${base}/snapshot?${deviceQuery(device)}`)),
    changes: async ({ seq, op, epoch }, device) => {
      const at = `since=${seq}&epoch=${epoch}&limit=1000${op ? `&op=${op}` : ''}`;
      return (await ask(`${base}/changes?${at}&${deviceQuery(device)}`)).json();
    },
    push: async (client_id, ops) =>
      (await ask(`${base}/ops`, { method: 'POST', body: { client_id, schema: SCHEMA, ops } })).json(),
    ticket: async () => (await ask('/api/sync/ticket', { method: 'POST', body: {} })).json(),
  };
}

/** The lines of a snapshot. @throws ServerRefusal where its end is missing. */
export function readSnapshot(text: string): Snapshot {
  const rows: { entity: Entity; row: Row }[] = [];
  let mine: Mine[] = [];
  let cursor: SyncCursor | undefined;
  let isWhole = false;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const part = JSON.parse(line) as SnapshotLine;
    if ('begin' in part) cursor = { seq: part.begin.seq, op: part.begin.op, epoch: part.begin.epoch };
    else if ('row' in part) {
      const { entity, ...row } = part.row;
      rows.push({ entity: entity as Entity, row: row as unknown as Row });
    } else if ('mine' in part) mine = part.mine;
    else isWhole = part.end.count === rows.length;
  }
  if (!cursor || !isWhole) throw new ServerRefusal(0, 'cut', 'The answer was cut short.');
  return { cursor, rows, mine };
}
