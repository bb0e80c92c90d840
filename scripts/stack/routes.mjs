import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../steps/step.mjs';

/** @typedef {'api' | 'recurring' | 'notification' | 'sync' | 'audit'} ServiceName */

/**
 * deploy/routes.json: the services, with the ports that each and its sidecar have where these are free; and which of them answers
 * where, the first that fits.
 *
 * @type {{services: Record<ServiceName, {app_id: string, port: number, sidecar_port: number}>, routes: {path: string, service: string}[]}}
 */
export const { services: SERVICES, routes: ROUTES } = JSON.parse(
  readFileSync(path.join(root, 'deploy/routes.json'), 'utf8'),
);
export const SERVICE_NAMES = /** @type {ServiceName[]} */ (Object.keys(SERVICES));
