import { z } from 'zod';
import { sequence, uuid } from '../fields.ts';
import { syncChangeSchema } from './changes.ts';

/** What goes over `/ws/tasks`: text frames of JSON, `t` names the frame. */
export const SUBPROTOCOL = 'sync.v1';
/** Where sockets are opened, and nowhere else. */
export const SOCKET_PATH = '/ws/tasks';

export const cursorSchema = z.object({ seq: sequence, op: uuid.nullable(), epoch: uuid });

export const clientFrameSchema = z.discriminatedUnion('t', [
  z.strictObject({
    t: z.literal('hello'),
    client_id: uuid,
    schema: z.int(),
    spaces: z.array(z.strictObject({ id: uuid, cursor: cursorSchema.nullable() })).max(200),
  }),
]);

/** What a device needs to show a notification of its own. */
export const freshNotificationSchema = z.object({ id: uuid, task_id: uuid.nullable(), message: z.string() });

export const serverFrameSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('welcome'), spaces: z.array(z.object({ id: uuid, head: sequence, epoch: uuid })) }),
  // `from` and `to` are the first and the last sequence in it; the changes of an answer lie after its `from`.
  z.object({ t: z.literal('ev'), id: uuid, from: sequence, to: sequence, events: z.array(syncChangeSchema) }),
  z.object({ t: z.literal('head'), id: uuid, head: sequence }),
  z.object({ t: z.literal('pull'), id: uuid }),
  z.object({ t: z.literal('reset'), id: uuid, epoch: uuid }),
  z.object({ t: z.literal('revoked'), id: uuid }),
  // Of the person, whatever workspaces the device has open; the list itself is asked for.
  z.object({ t: z.literal('bell'), unread: z.int(), fresh: z.array(freshNotificationSchema) }),
  z.object({ t: z.literal('auth_expiring') }),
  z.object({ t: z.literal('drain'), in_ms: z.int() }),
  z.object({ t: z.literal('error'), code: z.string() }),
]);

export type SyncCursor = z.infer<typeof cursorSchema>;
export type ClientFrame = z.infer<typeof clientFrameSchema>;
export type ServerFrame = z.infer<typeof serverFrameSchema>;
