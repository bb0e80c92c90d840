import { type ClientFrame, clientFrameSchema, type ServerFrame } from '@taskmaster/contracts/sync/frames';
import { SYNC_SCHEMA } from '@taskmaster/contracts/sync/ops';
import type { Logger } from '@taskmaster/runtime/telemetry';
import type { WebSocket } from 'ws';

/** Over this much waiting to be sent nothing more is queued; over the other the device is dropped. */
const SLOW = 1024 * 1024;
const DEAD = 8 * 1024 * 1024;
const MOST_FRAMES_A_MINUTE = 120;
const HELLO_WITHIN = 10_000;

/** What a device has of a workspace when it says hello. */
export type Space = ClientFrame['spaces'][number];

interface Handlers {
  hello(spaces: readonly Space[]): Promise<void>;
  closed(): void;
  pulled(): void;
  log: Logger;
}

/** One open socket. A slow one is never sent half: it skips whole frames and is told once to pull when it has drained. */
export class Device {
  readonly spaces = new Set<string>();
  readonly user_id: string;
  readonly sid: string;
  private greeted = false;
  private ready = false;
  private alive = true;
  private frames = 0;
  private readonly early: { space: string; text: string }[] = [];
  private readonly behind = new Set<string>();
  private readonly minute = setInterval(() => (this.frames = 0), 60_000);
  private readonly patience = setTimeout(() => this.close(4408, 'no hello'), HELLO_WITHIN);

  constructor(
    private readonly socket: WebSocket,
    who: { user_id: string; sid: string },
    private readonly handlers: Handlers,
  ) {
    this.user_id = who.user_id;
    this.sid = who.sid;
    socket.on('message', (data, isBinary) => void this.receive(isBinary ? '' : String(data)));
    socket.on('pong', () => (this.alive = true));
    socket.on('error', (error) => handlers.log.debug({ err: String(error) }, 'socket error'));
    socket.on('close', () => {
      clearInterval(this.minute);
      clearTimeout(this.patience);
      handlers.closed();
    });
  }

  /** A frame written once for many. What comes before the welcome waits for it. */
  push(space: string, text: string): void {
    if (!this.ready) this.early.push({ space, text });
    else if (this.socket.bufferedAmount > DEAD) this.socket.terminate();
    else if (this.behind.has(space) || this.socket.bufferedAmount > SLOW) this.fallBehind(space);
    else this.socket.send(text);
  }

  send(frame: ServerFrame): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  /** Not kept for later: who is not there yet, or reads too slowly, asks for the list anyway. */
  ring(frame: ServerFrame): void {
    if (this.ready && this.socket.bufferedAmount <= SLOW) this.send(frame);
  }

  welcomed(): void {
    this.ready = true;
    for (const { space, text } of this.early.splice(0)) this.push(space, text);
  }

  ping(): void {
    if (this.alive) this.socket.ping();
    else this.socket.terminate();
    this.alive = false;
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  private fallBehind(space: string): void {
    if (this.behind.size === 0) this.awaitDrain();
    this.behind.add(space);
  }

  private awaitDrain(): void {
    const look = setInterval(() => {
      if (this.socket.readyState !== this.socket.OPEN) return clearInterval(look);
      if (this.socket.bufferedAmount > DEAD) return this.socket.terminate();
      if (this.socket.bufferedAmount > 0) return;
      clearInterval(look);
      for (const id of this.behind) this.send({ t: 'pull', id });
      this.behind.clear();
      this.handlers.pulled();
    }, 100);
  }

  private async receive(text: string): Promise<void> {
    if (++this.frames > MOST_FRAMES_A_MINUTE) return this.close(4429, 'too many frames');
    const frame = clientFrameSchema.safeParse(parse(text));
    if (!frame.success || this.greeted) {
      this.send({ t: 'error', code: 'malformed' });
      return this.close(4400, 'malformed');
    }
    if (frame.data.schema !== SYNC_SCHEMA) {
      this.send({ t: 'error', code: 'schema_too_old' });
      return this.close(4409, 'schema');
    }
    this.greeted = true;
    clearTimeout(this.patience);
    try {
      await this.handlers.hello(frame.data.spaces);
    } catch (error) {
      this.handlers.log.warn({ err: String(error) }, 'socket: hello failed');
      this.close(1013, 'try again');
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
