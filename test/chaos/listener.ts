import { randomUUID } from 'node:crypto';
import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import { WebSocket } from 'ws';
import type { Record } from './clients.ts';
import type { Person } from './person.ts';

/** An open device that only listens, and comes back whenever its socket is cut. What it hears is held against the log. */
export class Listener {
  constructor(
    private readonly person: Person,
    private readonly record: Record,
  ) {}

  async listen(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.once(url, signal);
      await new Promise((go) => setTimeout(go, 50));
    }
  }

  private once(url: string, signal: AbortSignal): Promise<void> {
    return new Promise((gone) => {
      const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/tasks`, 'sync.v1', {
        headers: { authorization: `Bearer ${this.person.token}` },
      });
      const close = () => socket.terminate();
      signal.addEventListener('abort', close, { once: true });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        signal.removeEventListener('abort', close);
        gone();
      });
      socket.on('open', () => {
        this.record.counts.sockets++;
        const spaces = [{ id: this.person.workspace, cursor: null }];
        socket.send(JSON.stringify({ t: 'hello', client_id: randomUUID(), schema: 1, spaces }));
      });
      socket.on('message', (text) => this.hear(JSON.parse(String(text)) as ServerFrame));
    });
  }

  private hear(frame: ServerFrame): void {
    if (frame.t !== 'ev') return;
    for (const { seq, op, entity_id } of frame.events)
      this.record.heard.push({ person: this.person, workspace: frame.id, seq, op, entity_id });
  }
}
