import { isBlank } from '@taskmaster/domain/blank';
import { isDate, isTime, isZone } from '@taskmaster/domain/time/zoned';
import { z } from 'zod';
import { bytesOf, limits } from './limits.ts';

/** The fields that occur everywhere, each with its limit. Sizes are in bytes of UTF-8 where they say bytes. */

/** Control characters but tab and newline have no place in what people write. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;
const clean = (text: string): boolean => !CONTROL.test(text) && text.isWellFormed();

export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'Not a UUID in lower case.');
/** RFC 3339 with any offset; passed on as UTC with `Z`. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine(
    (text) => new Date(text).getUTCFullYear() >= 1900 && new Date(text).getUTCFullYear() <= 9999,
    'Not an instant of the years 1900 to 9999.',
  )
  .transform((text) => new Date(text).toISOString());
/** What a person means by a date: whoever types 0026 has not finished typing. */
const FIRST_DAY = '1900-01-01';
export const date = z
  .string()
  .refine((text) => isDate(text) && text >= FIRST_DAY, 'Not a day of the calendar from 1900 to 9999, as YYYY-MM-DD.');
export const time = z.string().refine(isTime, 'Not a time, as HH:MM.');
export const zone = z.string().max(64).refine(isZone, 'Not an IANA time zone.');
export const title = z
  .string()
  .trim()
  .min(1, 'May not be empty.')
  .refine((text) => !isBlank(text), 'May not be empty.')
  .max(limits.title, 'At most 500 characters.')
  .refine(clean, 'Holds control characters.');
export const notes = z
  .string()
  .refine((text) => bytesOf(text) <= limits.notes_bytes, 'At most 32,768 bytes.')
  .refine(clean, 'Holds control characters.');
export const name = z
  .string()
  .trim()
  .min(1, 'May not be empty.')
  .refine((text) => !isBlank(text), 'May not be empty.')
  .max(limits.name, 'At most 120 characters.')
  .refine(clean, 'Holds control characters.');
export const tagName = z
  .string()
  .trim()
  .min(1, 'May not be empty.')
  .refine((text) => !isBlank(text), 'May not be empty.')
  .max(limits.tag, 'At most 60 characters.')
  .refine((text) => clean(text) && !/[\n\t]/.test(text), 'Holds control characters.');
export const tagNames = z.array(tagName).max(limits.tags, 'At most 50 tags.');
export const priority = z.enum(['high', 'medium', 'low']);
export const color = z.enum(['rust', 'blue', 'teal', 'olive', 'plum']);
export const position = z.string().regex(/^[0-9A-Za-z]{1,200}$/, 'Not a fractional index.');
export const sequence = z.int().nonnegative();
export const minutes = z.int().min(0).max(525_600);

export const recurrenceInput = z.strictObject({
  rule: z.string().min(1).max(400),
  from: z.enum(['schedule', 'completion']).optional(),
  overdue: z.enum(['next_future', 'one_by_one', 'collapse']).optional(),
  month_end: z.enum(['clamp', 'skip']).optional(),
  except: z.array(date).max(400).optional(),
  starts_on: date.optional(),
  until: date.optional(),
  count: z.int().min(1).max(10_000).optional(),
  paused: z.boolean().optional(),
});

export const recurrence = z.object({
  rule: z.string(),
  from: z.enum(['schedule', 'completion']),
  overdue: z.enum(['next_future', 'one_by_one', 'collapse']),
  month_end: z.enum(['clamp', 'skip']),
  except: z.array(z.string()),
  starts_on: z.string(),
  until: z.string().optional(),
  count: z.int().optional(),
  paused: z.boolean().optional(),
});

export const settingsInput = z.strictObject({
  time_zone: zone.optional(),
  locale: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'Not a BCP 47 language tag.')
    .optional(),
  week_start: z.int().min(1).max(7).optional(),
  day_start: time.optional(),
  default_reminder_minutes: minutes.nullable().optional(),
  quiet_hours: z.strictObject({ from: time, to: time }).nullable().optional(),
  reminder_mail: z.boolean().optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
});
