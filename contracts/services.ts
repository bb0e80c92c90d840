/** Every service, and the port where it listens when it runs alone. */
export const ports = { api: 8000, recurring: 8001, notification: 8002, sync: 8003, audit: 8004 } as const;
export type ServiceName = keyof typeof ports;
export const everyService = Object.keys(ports) as ServiceName[];
