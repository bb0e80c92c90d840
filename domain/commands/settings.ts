import type { Settings } from '../task.ts';
import { isTime, isZone } from '../time/zoned.ts';
import { type Command, refuse } from './world.ts';

export const defaultSettings: Settings = {
  time_zone: 'UTC',
  locale: 'en',
  week_start: 1,
  day_start: '09:00',
  default_reminder_minutes: 15,
  quiet_hours: null,
  reminder_mail: true,
  theme: 'system',
};

/** A person changes their own name and settings; settings that are not sent stay. */
export const updateUser: Command = (draft, op) => {
  const user = draft.get('user', op.id);
  if (!user || user.id !== draft.moment.user_id) return refuse('not_found');
  const patch = op.patch as { name?: string; settings?: Partial<Settings> };
  const settings = { ...user.settings, ...patch.settings };
  if (!isZone(settings.time_zone))
    return refuse('invalid', { path: 'settings.time_zone', message: 'Not an IANA time zone.' });
  if (!isTime(settings.day_start))
    return refuse('invalid', { path: 'settings.day_start', message: 'Not a time, as HH:MM.' });
  if (patch.name !== undefined && !patch.name.trim())
    return refuse('invalid', { path: 'name', message: 'A person needs a name.' });
  draft.put('user', 'updated', { ...user, name: patch.name?.trim() ?? user.name, settings });
  return undefined;
};
