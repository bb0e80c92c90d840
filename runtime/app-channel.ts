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

/** What a service's HTTP server asks of the adapter about everything under `SIDECAR_PATHS`. */
export interface AppChannel {
  /** To be asked before the body is read: anybody can send one. Undefined where the call is the sidecar's own. */
  refusalOf(call: Pick<SidecarCall, 'path' | 'headers'>): AppAnswer | undefined;
  /** Of a call that was not refused. Never throws. */
  receive(call: SidecarCall): Promise<AppAnswer>;
}

/** For the sidecar alone. */
export const SIDECAR_PATHS = ['/events/', '/observe/', '/job/', '/cron/', '/ask/'] as const;
