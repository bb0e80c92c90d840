import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import { type WebSocket, WebSocketServer } from 'ws';

/** A real socket server for tests: it says welcome like the sync service, then only what a test tells it to. */
export class ModelSocket {
  readonly url: string;
  /** What each device said first, one entry a socket that was ever opened. */
  readonly hellos: unknown[] = [];
  readonly tickets: (string | null)[] = [];
  readonly open = new Set<WebSocket>();
  /** Whether new sockets get their welcome. */
  greets = true;

  private constructor(
    private readonly server: WebSocketServer,
    private readonly welcome: () => ServerFrame,
  ) {
    this.url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`;
    server.on('connection', (socket, request) => {
      this.open.add(socket);
      this.tickets.push(new URL(request.url ?? '', this.url).searchParams.get('ticket'));
      socket.on('close', () => this.open.delete(socket));
      socket.on('message', (data) => {
        this.hellos.push(JSON.parse(String(data)));
        if (this.greets) socket.send(JSON.stringify(this.welcome()));
      });
    });
  }

  static async start(welcome: () => ServerFrame): Promise<ModelSocket> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((listening) => server.once('listening', listening));
    return new ModelSocket(server, welcome);
  }

  say(frame: ServerFrame): void {
    for (const socket of this.open) socket.send(JSON.stringify(frame));
  }
  /** Cuts every socket without a goodbye. */
  cut(): void {
    for (const socket of this.open) socket.terminate();
  }
  async stop(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.server.close(closed));
  }
}
