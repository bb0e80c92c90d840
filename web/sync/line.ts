import type { ServerFrame } from '@taskmaster/contracts/sync/frames';

/** How long the line waits for what, in milliseconds; only tests are in more of a hurry. */
const patience = {
  /** The server says something every 12 s: a socket that is silent for longer than this is dead, whatever it says of itself. */
  quiet: 45_000,
  poll: 4_000,
  /** The first wait after a failure is up to `first`, each further one up to twice as long, none longer than `longest`. */
  first: 500,
  longest: 30_000,
};

export interface LineParts {
  ticket(): Promise<{ ticket: string; url: string }>;
  /** What a new socket says first. */
  hello(): object;
  /** Takes a frame in. True where it shows that something is missing here, which is then fetched. */
  hear(frame: ServerFrame): boolean;
  /** Fetches what is missing, and sends what is not sent. Rejects where the server does not answer. */
  catchUp(): Promise<void>;
  /** Whoever hears this says by `retry` whether and when there is another attempt. */
  failed(error: unknown): void;
}

/**
 * The line to the server: one socket, opened with a fresh ticket after catching up, opened again when it falls. While there
 * is none (a proxy that knows no sockets) the page asks every few seconds instead. What a socket missed is fetched, never
 * sent again: every frame says where it begins.
 */
export class Line {
  private socket: WebSocket | undefined;
  private isGreeted = false;
  private heardAt = 0;
  private attempt = 0;
  private isTrying = false;
  private isWanted = false;
  private isClosed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private poll: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly parts: LineParts,
    private readonly wait = patience,
  ) {}

  /** The server pushes changes. */
  get isLive(): boolean {
    return this.isGreeted;
  }

  /** Catches up, then opens a socket where there is none. Asked while it tries, it tries once more. */
  async open(): Promise<void> {
    if (this.isClosed) return;
    this.isWanted = true;
    if (this.isTrying) return;
    this.isTrying = true;
    while (this.isWanted && !this.isClosed) {
      this.isWanted = false;
      clearTimeout(this.timer);
      try {
        await this.parts.catchUp();
        if (!this.socket) await this.dial();
      } catch (error) {
        this.parts.failed(error);
      }
    }
    this.isTrying = false;
  }

  /** The device woke up, or has a network again: at once, and without trust in a socket that has been silent for long. */
  wake(): void {
    if (Date.now() - this.heardAt > this.wait.quiet) this.hangUp();
    this.attempt = 0;
    void this.open();
  }

  /** Another attempt, after `after` seconds or more. Full jitter, so that a server that comes back is not met by all at once. */
  retry(after = 0): void {
    if (this.isClosed) return;
    clearTimeout(this.timer);
    const longest = Math.min(this.wait.longest, this.wait.first * 2 ** this.attempt++);
    this.timer = setTimeout(() => void this.open(), after * 1000 + Math.random() * longest);
  }

  /** The server takes what it is sent: the next failure is a first one again. */
  calm(): void {
    this.attempt = 0;
  }

  /** Asks no more by itself until `open` or `wake`. A socket that is open stays. */
  rest(): void {
    clearTimeout(this.timer);
    clearInterval(this.poll);
  }

  /** For good. */
  close(): void {
    this.isClosed = true;
    this.rest();
    this.hangUp();
  }

  private async dial(): Promise<void> {
    const { ticket, url } = await this.parts.ticket();
    if (this.isClosed) return;
    const socket = new WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`, 'sync.v1');
    this.socket = socket;
    this.heardAt = Date.now();
    socket.onopen = () => socket.send(JSON.stringify(this.parts.hello()));
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.hear(JSON.parse(String(data)) as ServerFrame);
    };
    // Its close follows.
    socket.onerror = () => undefined;
    socket.onclose = () => {
      if (this.socket === socket) this.fell();
    };
    this.watch = setInterval(() => {
      if (Date.now() - this.heardAt > this.wait.quiet) this.fell();
    }, this.wait.quiet / 3);
  }

  private hear(frame: ServerFrame): void {
    this.heardAt = Date.now();
    if (frame.t === 'welcome') {
      this.isGreeted = true;
      this.attempt = 0;
      clearInterval(this.poll);
    }
    if (frame.t === 'auth_expiring') {
      this.hangUp();
      // Not at once: where it was signed out here, the device is just being left.
      this.retry(1);
    } else if (frame.t === 'drain') {
      const { socket } = this;
      setTimeout(() => socket?.close(), Math.random() * frame.in_ms);
    } else if (this.parts.hear(frame)) this.catchUp();
  }

  private catchUp(): void {
    this.parts.catchUp().catch((error) => this.parts.failed(error));
  }

  private fell(): void {
    this.hangUp();
    if (this.isClosed) return;
    clearInterval(this.poll);
    this.poll = setInterval(() => {
      if (globalThis.document?.visibilityState !== 'hidden') this.catchUp();
    }, this.wait.poll);
    this.retry();
  }

  /** Of a socket that is hung up nothing more is heard, its end included. */
  private hangUp(): void {
    const { socket } = this;
    this.socket = undefined;
    this.isGreeted = false;
    clearInterval(this.watch);
    socket?.close();
  }
}
