import type { Settings } from '@taskmaster/domain/task';
import type { SyncStatus } from './client.ts';
import type { BlockedOp, PendingOp } from './device.ts';
import type { View } from './view.ts';

/** Who this device belongs to while signed in; kept so that the page opens without the server. */
export interface Person {
  user_id: string;
  workspace_id: string;
  name: string;
  email: string;
  settings: Settings;
}

/** All that the page shows at one moment. */
export interface Screen {
  person: Person;
  settings: Settings;
  view: View;
  /** False until this device has had the server's state once. */
  loaded: boolean;
  status: SyncStatus;
  pending: readonly PendingOp[];
  blocked: readonly BlockedOp[];
  /** Ids of what others have changed in the last moment. */
  arrived: ReadonlySet<string>;
  seq: number;
  head: number;
  /** On the wall clock of the person. */
  today: string;
  time: string;
}
