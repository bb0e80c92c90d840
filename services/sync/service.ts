import { setTimeout as sleep } from 'node:timers/promises';
import type { NotificationUpdated, TaskSync } from '@taskmaster/contracts/events/event';
import { Problem } from '@taskmaster/contracts/problems';
import { type ServerFrame, SOCKET_PATH } from '@taskmaster/contracts/sync/frames';
import { statementsOf } from '@taskmaster/runtime/statement';
import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import type { Host, Serving } from '../host.ts';
import { createLimiter } from '../http/limiter.ts';
import { isOwnOrigin } from '../http/origin.ts';
import type { Http } from '../http/server.ts';
import { Device, type Space } from './device.ts';
import { repeat } from './repeat.ts';

export interface SyncOptions {
  /** Milliseconds between looks at whether sessions and memberships still hold; only tests shorten it. */
  validateEvery?: number;
}

const HEADS_EVERY = 12_000;
const VALIDATE_EVERY = 60_000;
const PING_EVERY = 27_000;
const DRAIN = 500;
const FAREWELL = 1_000;
const TICKET_TTL = 120;
const MOST_PER_USER = 50;

const HOUR = 60 * 60 * 1000;
const say = statementsOf('sync');
/** Who was refused, once the audit log has it: an erasure has nothing to look for here. */
const forgetActs = say('forget_acts', `delete from sync.outbox where published_at < now() - interval '1 day'`);

/**
 * `/ws/tasks`: pushes each run of changes to the open devices of its workspace. Keeps nothing but which tickets were used, and
 * for a day whom it refused: clients heal by cursor.
 */
export function startSync(host: Host<'sync'>, options: SyncOptions = {}): Serving<'sync'> {
  const { runtime, log, metrics } = host;
  const bySpace = new Map<string, Set<Device>>();
  const devices = new Set<Device>();
  const opening = createLimiter({ perSecond: 2, burst: MOST_PER_USER });
  const openOf = new Map<string, number>();

  runtime.observe(['com.todo.task.sync'], (event) => deliver(event));
  runtime.observe(['com.todo.notification.updated'], (event) => ring(event));
  // What a person did with their account may have ended what a socket came in by: looked at now, not at the next look.
  runtime.observe(['com.todo.audit.recorded'], ({ data: { user_id } }) => {
    if (user_id && openOf.has(user_id)) void checkAll([...devices].filter((device) => device.user_id === user_id));
  });

  function deliver(event: TaskSync): void {
    const { workspace_id, from, to, events } = event.data;
    const open = bySpace.get(workspace_id);
    if (!open || open.size === 0) return;
    const frame: ServerFrame = events
      ? { t: 'ev', id: workspace_id, from, to, events }
      : { t: 'pull', id: workspace_id };
    // Written once for all devices of the workspace.
    const text = JSON.stringify(frame);
    for (const device of open) device.push(workspace_id, text);
    if (events?.some(({ entity, kind }) => entity === 'token' && kind === 'deleted')) void checkAll([...open]);
  }

  function ring(event: NotificationUpdated): void {
    const { user_id, payload } = event.data;
    if (!openOf.has(user_id)) return;
    const frame: ServerFrame = { t: 'bell', ...payload };
    for (const device of devices) if (device.user_id === user_id) device.ring(frame);
  }

  function leave(device: Device): void {
    if (devices.delete(device)) {
      const left = (openOf.get(device.user_id) ?? 1) - 1;
      if (left > 0) openOf.set(device.user_id, left);
      else openOf.delete(device.user_id);
    }
    for (const space of device.spaces) unlist(device, space);
    metrics.sockets.set(devices.size);
  }

  function unlist(device: Device, space: string): void {
    const open = bySpace.get(space);
    open?.delete(device);
    if (open?.size === 0) bySpace.delete(space);
  }

  async function enter(request: FastifyRequest): Promise<{ user_id: string; sid: string }> {
    const { origin } = request.headers;
    if (origin !== undefined && !isOwnOrigin(origin, request.headers.host, host.config.PUBLIC_URL))
      throw new Problem('foreign_origin');
    const ticket = (request.query as { ticket?: unknown }).ticket;
    if (typeof ticket !== 'string') {
      if (!request.headers.authorization)
        throw new Problem('unauthenticated', 'A ticket or an Authorization header is needed.');
      return host.enter(request);
    }
    const read = await runtime.ask('ticket', { ticket });
    if (!(await runtime.state.createIfAbsent(`ticket:${read.jti}`, 1, TICKET_TTL)))
      throw new Problem('unauthenticated', 'The ticket was used.');
    if (!(await runtime.ask('session', { sid: read.sid })))
      throw new Problem('unauthenticated', 'The session has ended.');
    return read;
  }

  /** Subscribes, then reads heads, then says welcome: nothing falls between. */
  async function open(device: Device, spaces: readonly Space[]): Promise<void> {
    const spaceIds = spaces.map((space) => space.id);
    const allowed = new Set((await runtime.ask('spaces', { user_id: device.user_id })).workspace_ids);
    if (!devices.has(device)) return;
    const mine = spaceIds.filter((id) => allowed.has(id));
    for (const id of spaceIds) if (!allowed.has(id)) device.send({ t: 'revoked', id });
    for (const id of mine) {
      device.spaces.add(id);
      const set = bySpace.get(id) ?? new Set();
      bySpace.set(id, set.add(device));
    }
    const { heads } = await runtime.ask('heads', { workspace_ids: mine });
    // Closed meanwhile: it has left already, and must not stay behind in a list.
    if (!devices.has(device)) return leave(device);
    device.send({
      t: 'welcome',
      spaces: heads.map(({ workspace_id, head, epoch }) => ({ id: workspace_id, head, epoch })),
    });
    // A cursor of another history: its backup was put back meanwhile, or that of this place.
    for (const { workspace_id: id, head, epoch } of heads) {
      const cursor = spaces.find((space) => space.id === id)?.cursor;
      if (cursor && (cursor.epoch !== epoch || cursor.seq > head)) device.send({ t: 'reset', id, epoch });
    }
    device.welcomed();
  }

  /** Whether what they came in by still holds, and what they listen to is still theirs. */
  async function check(some: readonly Device[]): Promise<void> {
    for (const device of some) {
      if (!(await runtime.ask('session', { sid: device.sid }))) {
        device.send({ t: 'auth_expiring' });
        device.close(4401, 'session ended');
        continue;
      }
      const { workspace_ids } = await runtime.ask('spaces', { user_id: device.user_id });
      for (const id of device.spaces) {
        if (workspace_ids.includes(id)) continue;
        unlist(device, id);
        device.spaces.delete(id);
        device.send({ t: 'revoked', id });
      }
    }
  }
  /** At the next look, where the answer does not come. */
  const checkAll = (some: readonly Device[]): Promise<void> =>
    check(some).catch((error: Error) => log.warn({ err: error.message }, 'sockets not checked'));

  const routes = (http: Http): void => {
    http.get(
      SOCKET_PATH,
      {
        websocket: true,
        schema: { hide: true },
        preValidation: async (request) => {
          if (request.headers.upgrade?.toLowerCase() !== 'websocket')
            throw new Problem('malformed', 'This address takes WebSockets only.');
          const who = await enter(request);
          opening.take(who.user_id);
          if ((openOf.get(who.user_id) ?? 0) >= MOST_PER_USER)
            throw new Problem('rate_limited', `At most ${MOST_PER_USER} sockets at once.`, undefined, {}, 60);
          entered.set(request, who);
        },
      },
      (socket: WebSocket, request) => {
        const who = entered.get(request);
        if (!who) return socket.close(1008);
        const device = new Device(socket, who, {
          hello: (spaces) => open(device, spaces),
          closed: () => leave(device),
          pulled: () => metrics.socketPulls.inc(),
          log,
        });
        devices.add(device);
        openOf.set(device.user_id, (openOf.get(device.user_id) ?? 0) + 1);
        metrics.sockets.set(devices.size);
      },
    );
  };

  // On every instance, about its own sockets: what runs once for all of them would leave those of the others alone.
  const each = (name: string, milliseconds: number, run: () => Promise<void>) =>
    repeat(milliseconds, run, (error) =>
      log.warn({ job: name, err: String(error) }, 'job failed, next run as planned'),
    );
  const timers = [
    each('sync: heads', HEADS_EVERY, async () => {
      if (bySpace.size === 0) return;
      const { heads } = await runtime.ask('heads', { workspace_ids: [...bySpace.keys()] });
      for (const { workspace_id, head } of heads) {
        const text = JSON.stringify({ t: 'head', id: workspace_id, head } satisfies ServerFrame);
        for (const device of bySpace.get(workspace_id) ?? []) device.push(workspace_id, text);
      }
    }),
    each('sync: ping', PING_EVERY, async () => {
      for (const device of devices) device.ping();
    }),
    each('sync: validate', options.validateEvery ?? VALIDATE_EVERY, () => check([...devices])),
  ];
  runtime.every('sync: forget acts', HOUR, () => runtime.background(async (tx) => tx.write(forgetActs, [])));

  const gone = async (within: number): Promise<void> => {
    for (const end = Date.now() + within; devices.size > 0 && Date.now() < end; ) await sleep(20);
  };
  return {
    runtime,
    routes,
    /** Devices leave by themselves within half a second; one that does not answer the farewell is cut off. */
    async farewell() {
      for (const end of timers) end();
      const open = [...devices];
      for (const device of open) device.send({ t: 'drain', in_ms: DRAIN });
      await gone(DRAIN);
      for (const device of open) device.close(1001, 'going away');
      await gone(FAREWELL);
      for (const device of open) device.terminate();
    },
    stop: runtime.stop,
  };
}

const entered = new WeakMap<object, { user_id: string; sid: string }>();
