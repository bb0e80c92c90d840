import type { Me } from '@taskmaster/contracts/http/me';
import type { About } from '@taskmaster/contracts/http/service';
import type { Person } from '../../sync/screen.ts';
import { openDevice, resumeSync, wipeDevice } from '../../sync/store.ts';
import { ask } from '../../sync/transport.ts';
import { hideToast } from '../../ui/toast.tsx';

const KEPT = 'taskmaster.person';

/** Who used this device last and has not signed out: the page then opens from the device, without the server. */
export function personKept(): Person | undefined {
  try {
    const text = localStorage.getItem(KEPT);
    return text ? (JSON.parse(text) as Person) : undefined;
  } catch {
    return undefined;
  }
}

function keep(person: Person): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(person));
  } catch {
    // Without storage the next visit asks the server who it is.
  }
}

/** Whose session this browser has, asked in the one way that is no error where it has none. @throws ServerRefusal */
export async function whoseSession(): Promise<string | undefined> {
  const found = (await (await ask('/api/auth/get-session')).json()) as { user: { id: string } } | null;
  return found?.user.id;
}

/** What the place says of itself before anyone signs in. @throws ServerRefusal */
export const askAbout = async (): Promise<About> => (await ask('/api/about')).json();

/** What the link holds that the program prints for the first account of a closed place. */
export const inviteInAddress = (): string | null => new URLSearchParams(location.search).get('invite');

/** Opens the device of the person whose session this is. @throws ServerRefusal 401 where nobody is signed in. */
export async function enter(): Promise<Person> {
  const me = (await (await ask('/api/me')).json()) as Me;
  const workspace = me.workspaces[0];
  const person: Person = {
    user_id: me.user.id,
    workspace_id: workspace?.id ?? '',
    name: me.user.name,
    email: me.user.email,
    settings: me.settings,
  };
  const before = personKept();
  keep(person);
  // Somebody else signed in where a session had ended: what that person has not sent waits for them.
  if (before && before.user_id !== person.user_id) {
    hideToast();
    await wipeDevice(true);
  }
  await openDevice(person);
  return person;
}

export async function signIn(email: string, password: string): Promise<Person> {
  await ask('/api/auth/sign-in/email', { method: 'POST', body: { email, password } });
  return enter();
}

export async function signUp(name: string, email: string, password: string): Promise<Person> {
  const invite = inviteInAddress();
  await ask('/api/auth/sign-up/email', {
    method: 'POST',
    body: { name, email, password },
    ...(invite ? { headers: { 'x-taskmaster-invite': invite } } : {}),
  });
  // The link works once and is nothing to come back to.
  if (invite) history.replaceState(null, '', '/');
  return enter();
}

/** Ends the session and takes everything of this person off the device. */
export async function signOut(): Promise<void> {
  await ask('/api/auth/sign-out', { method: 'POST', body: {} });
  await leaveDevice();
}

/** Takes everything of this person off the device; the door then knows what is said there. */
export async function leaveDevice(said: { closed_until?: string } = {}): Promise<void> {
  localStorage.removeItem(KEPT);
  hideToast();
  history.replaceState(said, '', '/');
  await wipeDevice();
}

/** Ends the session of a closed account. Where it is not that of whom the device belongs to, the device stays as it is. */
export async function leaveClosed(): Promise<void> {
  const isOwn = isOwnSession(await whoseSession());
  await ask('/api/auth/sign-out', { method: 'POST', body: {} });
  if (isOwn) await leaveDevice();
  else resumeSync();
}
/** Somebody else may have signed in where a session had ended. */
export function isOwnSession(user_id: string | undefined): boolean {
  const known = personKept();
  return !known || !user_id || known.user_id === user_id;
}

/** Takes back an account that was closed, in the session that signing in began. */
export async function reopen(): Promise<Person> {
  await ask('/api/me/reopen', { method: 'POST', body: {} });
  const person = await enter();
  resumeSync();
  return person;
}
