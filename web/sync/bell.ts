import type { Notification } from '@taskmaster/contracts/http/notifications';
import type { ServerFrame } from '@taskmaster/contracts/sync/frames';
import { ask, ServerRefusal } from './transport.ts';

/** What comes within so many milliseconds is asked for once. */
const GATHER_MS = 120;
/** Where no socket says anything, the list is asked for this often. */
const POLL_MS = 20_000;
const AGAIN_MS = 15_000;
/** What was told longer ago is no news any more when it is first seen here. */
const NEWS_MS = 120_000;
const MOST = 50;

type Rung = Extract<ServerFrame, { t: 'bell' }>;
export type News = Pick<Notification, 'id' | 'task_id' | 'message'>;

/** What the person was told, as this device knows it: the server's list, and what was read here since. */
export interface BellState {
  unread: number;
  /** Newest first. */
  items: readonly Notification[];
  /** Epoch milliseconds of the list, by the clock of the device; 0: there is none yet. */
  asked_at: number;
  /** The server was asked and did not answer. */
  isAway: boolean;
  /** Read here; the server does not know it yet. */
  waiting: number;
}

/** All tabs of a browser have this one. */
interface Kept {
  user_id: string;
  asked_at: number;
  unread: number;
  items: Notification[];
  read: string[];
}

export interface BellParts {
  user_id: string;
  changed(): void;
  /** Told just now, each once. */
  fresh(news: readonly News[]): void;
  ask?: typeof ask;
  storage?: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | undefined;
}

const KEY = 'taskmaster.bell';
const emptyBell: BellState = { unread: 0, items: [], asked_at: 0, isAway: false, waiting: 0 };

export const isUnread = (one: Notification): boolean => one.delivery_status === 'delivered' && one.read_at === null;

/**
 * The bell of one person. The socket says that something changed; the list is then asked for once, by one of the open tabs,
 * and shared by all. What is read here counts at once, and is told to the server as soon as it answers.
 */
export class Bell {
  state: BellState = emptyBell;
  private kept: Kept;
  private isAway = false;
  private isStopped = false;
  private wanted = 0;
  /** Counts what the list was wanted for: two reasons may come within a millisecond. */
  private reasons = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  /** The server has heard of these. */
  private readonly sent = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly ask: typeof ask;
  private readonly storage: BellParts['storage'];

  constructor(private readonly parts: BellParts) {
    this.ask = parts.ask ?? ask;
    this.storage = 'storage' in parts ? parts.storage : typeof localStorage === 'undefined' ? undefined : localStorage;
    this.kept = this.read() ?? { user_id: parts.user_id, asked_at: 0, unread: 0, items: [], read: [] };
    for (const { id } of this.kept.items) this.announced.add(id);
    this.state = this.shown();
    if (typeof window !== 'undefined') window.addEventListener('storage', this.onStorage);
  }

  /** The socket said so. */
  rang({ unread, fresh }: Rung): void {
    this.adopt(this.read());
    const { kept } = this;
    const now = new Date().toISOString();
    const known = new Set(kept.items.map((one) => one.id));
    const items = kept.items.map((one) => (this.sent.has(one.id) && isUnread(one) ? { ...one, read_at: now } : one));
    const added = fresh.filter((one) => !known.has(one.id)).map((one) => told(one, this.parts.user_id, now));
    this.keep({ unread, items: [...added, ...items].slice(0, MOST) });
    this.announce(fresh);
    this.askSoon();
  }

  /** The server is there, and may have told something meanwhile. */
  joined(): void {
    this.askSoon();
  }

  /** The same while no socket will say so. */
  polled(): void {
    if (Date.now() - Math.max(this.kept.asked_at, this.wanted) > POLL_MS) this.askSoon();
  }

  markRead(ids: readonly string[]): void {
    this.adopt(this.read());
    const known = new Map(this.kept.items.map((one) => [one.id, one]));
    const fresh = ids.filter((id) => {
      const one = known.get(id);
      return (one === undefined || isUnread(one)) && !this.kept.read.includes(id);
    });
    if (fresh.length === 0) return;
    this.keep({ read: [...this.kept.read, ...fresh] });
    this.askSoon(0);
  }

  /** All that is unread on this device; where the server answers, also what no longer fits on the list. */
  async markAllRead(): Promise<void> {
    const ids = this.kept.items.filter(isUnread).map((one) => one.id);
    const isMore = this.kept.unread > ids.length;
    this.keep({ read: [...new Set([...this.kept.read, ...ids])] });
    if (ids.length > 3 || isMore)
      await this.ask('/api/notifications/mark_all_read', { method: 'POST', body: {} }).then(
        () => {
          for (const id of ids) this.sent.add(id);
        },
        () => undefined,
      );
    this.askSoon(0);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    if (typeof window !== 'undefined') window.removeEventListener('storage', this.onStorage);
  }

  /** Leaves nothing of the person on the device. */
  destroy(): void {
    this.stop();
    this.storage?.removeItem(KEY);
  }

  private askSoon(within = GATHER_MS): void {
    if (this.isStopped) return;
    this.wanted = Date.now();
    this.reasons++;
    if (this.running) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.run(), within);
  }

  private async run(): Promise<void> {
    this.running = true;
    const { wanted, reasons } = this;
    let again = 0;
    try {
      await oneTabAtATime(`taskmaster-bell-${this.parts.user_id}`, async () => {
        this.adopt(this.read());
        // Another tab has asked since: its answer is as good.
        const isFresh = this.kept.asked_at > wanted && this.kept.read.length === 0;
        if (!isFresh && !this.isStopped) await this.exchange();
      });
      this.isAway = false;
    } catch (error) {
      this.isAway = true;
      // Nobody there: whoever finds the server again says so. It is there and could not: asked again by and by.
      if (error instanceof ServerRefusal && error.status >= 429) again = AGAIN_MS;
    } finally {
      this.running = false;
    }
    this.show();
    if (this.reasons > reasons) this.askSoon();
    else if (again > 0 && !this.isStopped) this.timer = setTimeout(() => this.askSoon(), again);
  }

  /** Tells what was read here, then asks what there is. */
  private async exchange(): Promise<void> {
    for (const id of this.kept.read) {
      if (this.sent.has(id)) continue;
      try {
        await this.ask(`/api/notifications/${id}/mark_read`, { method: 'PATCH' });
      } catch (error) {
        if (!(error instanceof ServerRefusal) || error.status !== 404) throw error;
      }
      this.sent.add(id);
    }
    const asked_at = Date.now();
    const answer = await this.ask(`/api/notifications?limit=${MOST}`);
    const { items, unread } = (await answer.json()) as { items: Notification[]; unread: number };
    // What another tab has read meanwhile.
    this.adopt(this.read());
    const since = asked_at - NEWS_MS;
    const news = items.filter((one) => isUnread(one) && Date.parse(one.sent_at) > since);
    this.keep({ asked_at, items, unread, read: this.kept.read.filter((id) => !this.sent.has(id)) });
    this.announce(news);
  }

  private announce(news: readonly News[]): void {
    const now = news.filter((one) => !this.announced.has(one.id) && !this.kept.read.includes(one.id));
    for (const { id } of news) this.announced.add(id);
    if (now.length > 0) this.parts.fresh(now);
  }

  private readonly onStorage = ({ key, newValue }: StorageEvent): void => {
    if (key !== KEY) return;
    // Another tab signed out: nothing is to be written any more.
    if (newValue === null) {
      this.stop();
      return;
    }
    const kept = this.read();
    this.adopt(kept);
    if (kept)
      this.announce(kept.items.filter((one) => isUnread(one) && Date.parse(one.sent_at) > Date.now() - NEWS_MS));
    this.show();
  };

  private adopt(other: Kept | undefined): void {
    if (!other) return;
    const { kept } = this;
    const read = [...new Set([...kept.read, ...other.read])].filter((id) => !this.sent.has(id));
    if (other.asked_at <= kept.asked_at) {
      this.kept = { ...kept, read };
      return;
    }
    // Rung here since the other tab asked: its list cannot have it.
    const known = new Set(other.items.map((one) => one.id));
    const since = kept.items.filter((one) => !known.has(one.id) && Date.parse(one.sent_at) >= other.asked_at);
    this.kept = {
      ...other,
      read,
      items: [...since, ...other.items],
      unread: other.unread + since.filter(isUnread).length,
    };
  }

  private keep(patch: Partial<Kept>): void {
    this.kept = { ...this.kept, ...patch };
    if (!this.isStopped) {
      try {
        this.storage?.setItem(KEY, JSON.stringify(this.kept));
      } catch {
        // No storage, or no more of it: the list is then in this tab alone.
      }
    }
    this.show();
  }

  private read(): Kept | undefined {
    try {
      const kept = JSON.parse(this.storage?.getItem(KEY) ?? 'null') as Kept | null;
      return kept?.user_id === this.parts.user_id ? kept : undefined;
    } catch {
      return undefined;
    }
  }

  private show(): void {
    if (this.isStopped) return;
    this.state = this.shown();
    this.parts.changed();
  }

  private shown(): BellState {
    const { items, unread, read, asked_at } = this.kept;
    const here = new Set(read);
    const now = new Date(asked_at).toISOString();
    const overlaid = items.filter((one) => here.has(one.id) && isUnread(one)).length;
    return {
      unread: Math.max(0, unread - overlaid),
      items: items.map((one) => (here.has(one.id) && isUnread(one) ? { ...one, read_at: now } : one)),
      asked_at,
      isAway: this.isAway,
      waiting: read.length,
    };
  }
}

/** Until the list has come: what the socket says of it. */
const told = ({ id, task_id, message }: News, user_id: string, now: string): Notification => ({
  id,
  user_id,
  task_id,
  notification_type: task_id === null ? 'digest' : 'reminder',
  message,
  entries: null,
  due_at: now,
  sent_at: now,
  delivery_status: 'delivered',
  read_at: null,
  late_reason: null,
});

/** Only a secure context lends locks: without them each tab asks for itself. */
async function oneTabAtATime(name: string, work: () => Promise<void>): Promise<void> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
  if (locks) await locks.request(name, work);
  else await work();
}
