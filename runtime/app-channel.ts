/** A call of the sidecar to this app. */
export interface SidecarCall {
  method: string;
  path: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
}
export interface AppAnswer {
  status: number;
  body?: object;
  headers?: Readonly<Record<string, string>>;
}

/** For the sidecar alone. */
export const SIDECAR_PATHS = ['/events/', '/observe/', '/job/', '/cron/', '/ask/'] as const;
