/** A lead time as people say it: "15 min before", "2 hours before", "when it is due". */
export function beforeInWords(minutes: number): string {
  if (minutes === 0) return 'when it is due';
  const { count, unit } = leadOf(minutes);
  if (unit === 'minutes') return `${count} min before`;
  return `${count} ${count === 1 ? unit.slice(0, -1) : unit} before`;
}

export type LeadUnit = 'minutes' | 'hours' | 'days';
export const minutesOf: Record<LeadUnit, number> = { minutes: 1, hours: 60, days: 1440 };

/** The largest unit that it is a whole number of. */
export function leadOf(minutes: number): { count: number; unit: LeadUnit } {
  if (minutes > 0 && minutes % 1440 === 0) return { count: minutes / 1440, unit: 'days' };
  if (minutes > 0 && minutes % 60 === 0) return { count: minutes / 60, unit: 'hours' };
  return { count: minutes, unit: 'minutes' };
}
