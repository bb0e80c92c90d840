import { v5 } from 'uuid';

/**
 * Ids that must come out the same on every device and at every retry (RFC 9562, version 5).
 * New ids are version 7 and are made at the edge, never here.
 */

const SERIES_ROOT = '5d0a6b0e-1f0b-5b7e-9a55-6b2b6f3f8a01';

/** The occurrence that follows `slot` of a series. */
export const successorId = (seriesId: string, slot: string): string => v5(slot, seriesId);

/** Two devices that create `@bank` offline make the same tag. */
export const tagId = (workspaceId: string, name: string): string => v5(`tag:${foldName(name)}`, workspaceId);

/** The id of a change's event: unique per workspace, epoch and sequence, so a rebuilt event has the same one. */
export const eventId = (workspaceId: string, epoch: string, sequence: number): string =>
  v5(`${epoch}:${sequence}`, workspaceId);

/** The op that an idempotency key stands for: keys belong to one person. */
export const opOfKey = (userId: string, key: string): string => v5(`key:${key}`, userId);

/** Every person's own workspace. */
export const personalWorkspaceId = (userId: string): string => v5(userId, SERIES_ROOT);

/** What happens to the installation and to nobody known, where an event needs a workspace. */
export const INSTALLATION_ID = v5('installation', SERIES_ROOT);

/** Case-folded and composed: the form in which names are the same name. */
export const foldName = (name: string): string => name.normalize('NFKC').toLowerCase();
