import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normaliseRecurrence } from '../recurrence/rule.ts';
import { type ParsedTask, parseDue, parseQuickAdd, parseRepeat, type QuickAddContext, splitLines } from './parse.ts';

/** A Saturday morning. */
const context: QuickAddContext = {
  today: '2026-11-21',
  now: '10:30',
  zone: 'Europe/Berlin',
  week_start: 1,
  locale: 'en-GB',
};
const read = (text: string, more: Partial<QuickAddContext> = {}) => parseQuickAdd(text, { ...context, ...more });

const dueOf = ({ due_date, due_time }: { due_date: string | null; due_time: string | null }) =>
  [due_date, due_time].filter((part) => part !== null).join(' ') || null;
const ruleOf = ({ recurrence }: ParsedTask) => {
  if (recurrence === null) return null;
  const { rule, from, until, count, except } = recurrence;
  const rest = [from, until && `until ${until}`, count && `${count} times`, except && `except ${except.join(',')}`];
  return [rule.replace('FREQ=', ''), ...rest].filter(Boolean).join(' ');
};

describe('a line that was pasted', () => {
  it('says its dates through spaces that do not break and marks that are not seen', () => {
    for (const text of ['Call\u00a0Ann\u00a0tomorrow', 'Call\u202fAnn tomorrow\u200b', 'Call Ann \u2060tomorrow'])
      expect([text, read(text).title, read(text).due_date]).toEqual([text, 'Call Ann', '2026-11-22']);
  });
  it('says when a span of time begins, and keeps its words', () => {
    for (const [text, title, due] of [
      ['Meet 16:00-17:00', 'Meet 16:00-17:00', '2026-11-21 16:00'],
      ['Meet Ann tomorrow at 9:30–10:15, bring cake', 'Meet Ann 9:30–10:15, bring cake', '2026-11-22 09:30'],
      ['16:00-17:00', '16:00-17:00', '2026-11-21 16:00'],
    ] as const)
      expect([text, read(text).title, `${read(text).due_date} ${read(text).due_time}`]).toEqual([text, title, due]);
    for (const text of ['Meet 16:00-25:00', 'Won 3:1-2:0', 'Model 16:00-x'])
      expect([text, read(text).due_time]).toEqual([text, null]);
  });
  it('keeps the space before words that begin with a mark', () => {
    expect(read('x tomorrow 9:00 !99999999m before').title).toBe('x !99999999m before');
    expect(read('Really tomorrow !').title).toBe('Really!');
  });
});

describe('a line becomes a task', () => {
  it('with all of its parts', () => {
    const task = read('Pay rent every 27th at 9am #Home @bank p1 !30m before //by transfer');
    expect(task).toEqual({
      title: 'Pay rent',
      notes: 'by transfer',
      due_date: '2026-11-27',
      due_time: '09:00',
      due_zone: null,
      recurrence: { rule: 'FREQ=MONTHLY;BYMONTHDAY=27' },
      project: 'Home',
      tags: ['bank'],
      priority: 'high',
      reminders: [{ minutes_before: 30 }],
      tokens: [
        { kind: 'recurrence', start: 9, end: 27, text: 'every 27th at 9am', value: 'FREQ=MONTHLY;BYMONTHDAY=27' },
        { kind: 'project', start: 27, end: 32, text: '#Home', value: 'Home' },
        { kind: 'tag', start: 33, end: 38, text: '@bank', value: 'bank' },
        { kind: 'priority', start: 39, end: 41, text: 'p1', value: 'high' },
        { kind: 'reminder', start: 42, end: 53, text: '!30m before', value: '30' },
        { kind: 'notes', start: 54, end: 67, text: '//by transfer', value: 'by transfer' },
      ].map((token) => ({ ...token, start: expect.any(Number), end: expect.any(Number) })),
    });
    const text = 'Pay rent every 27th at 9am #Home @bank p1 !30m before //by transfer';
    for (const token of task.tokens) expect(text.slice(token.start, token.end)).toBe(token.text);
  });

  // The whole line · its title · due · repeat.
  it.each<[text: string, title: string, due: string | null, rule?: string]>([
    // days
    ['Buy milk', 'Buy milk', null],
    ['Buy milk today', 'Buy milk', '2026-11-21'],
    ['today buy milk', 'buy milk', '2026-11-21'],
    ['Buy milk tomorrow', 'Buy milk', '2026-11-22'],
    ['Buy milk tmrw', 'Buy milk', '2026-11-22'],
    ['Call mom, tomorrow', 'Call mom', '2026-11-22'],
    ['Tomorrow: call mom', 'call mom', '2026-11-22'],
    ['Call mom (tomorrow) about dad', 'Call mom about dad', '2026-11-22'],
    ['Ship it the day after tomorrow', 'Ship it', '2026-11-23'],
    ['Ship it day after tomorrow', 'Ship it', '2026-11-23'],
    ['Read chapters tonight', 'Read chapters', '2026-11-21 20:00'],
    ['Run this evening', 'Run', '2026-11-21 19:00'],
    ['Run this morning', 'Run', '2026-11-21'],
    ['Call Bob friday', 'Call Bob', '2026-11-27'],
    ['Call Bob on Friday', 'Call Bob', '2026-11-27'],
    ['Send lease by fri', 'Send lease', '2026-11-27'],
    ['Send lease due monday', 'Send lease', '2026-11-23'],
    ['Clean up saturday', 'Clean up', '2026-11-28'],
    ['Clean up this saturday', 'Clean up', '2026-11-21'],
    ['Call Bob friday about the lease', 'Call Bob about the lease', '2026-11-27'],
    ['Friday: call Bob', 'call Bob', '2026-11-27'],
    ['Review next tuesday', 'Review', '2026-11-24'],
    ['Plan next week', 'Plan', '2026-11-23'],
    ['Plan tuesday next week', 'Plan', '2026-11-24'],
    ['Plan next week on thursday', 'Plan', '2026-11-26'],
    ['Invoice next month', 'Invoice', '2026-12-01'],
    ['Taxes next year', 'Taxes', '2027-01-01'],
    ['Hike this weekend', 'Hike', '2026-11-21'],
    ['Hike next weekend', 'Hike', '2026-11-28'],
    ['Report by end of month', 'Report', '2026-11-30'],
    ['Report eom', 'Report', '2026-11-30'],
    ['Timesheet end of week', 'Timesheet', '2026-11-27'],
    ['Check in 3 days', 'Check', '2026-11-24'],
    ['Check in a week', 'Check', '2026-11-28'],
    ['Check in two weeks', 'Check', '2026-12-05'],
    ['Check in 2 months', 'Check', '2027-01-21'],
    ['Check 3 days from now', 'Check', '2026-11-24'],
    ['Call back in 2 hours', 'Call back', '2026-11-21 12:30'],
    ['Tea in 45m', 'Tea', '2026-11-21 11:15'],
    ['Party 27 nov', 'Party', '2026-11-27'],
    ['Party nov 27', 'Party', '2026-11-27'],
    ['Party on the 27th of November', 'Party', '2026-11-27'],
    ['Party November 27th', 'Party', '2026-11-27'],
    ['Party Fri, 27 Nov 2026', 'Party', '2026-11-27'],
    ['Party 3 jan', 'Party', '2027-01-03'],
    ['Party 5 May', 'Party', '2027-05-05'],
    ['Dentist on the 27th', 'Dentist', '2026-11-27'],
    ['Dentist on the 3rd', 'Dentist', '2026-12-03'],
    ['Leap 29 feb', 'Leap', '2028-02-29'],
    ['Expired 1 nov 2026', 'Expired', '2026-11-01'],
    ['Renew 2026-12-01', 'Renew', '2026-12-01'],
    ['Renew 2026-12-01 the passport', 'Renew the passport', '2026-12-01'],
    ['Renew 3/12/2026', 'Renew', '2026-12-03'],
    ['Renew 27.11.2026', 'Renew', '2026-11-27'],
    ['Renew by 3/12', 'Renew', '2026-12-03'],
    ['Renew by 12/25', 'Renew', '2026-12-25'],
    ['Log the run yesterday', 'Log the run', '2026-11-20'],
    ['Log the run yesterday at 5pm', 'Log the run', '2026-11-20 17:00'],
    ['Log the run 3 days ago', 'Log the run', '2026-11-18'],
    ['Xmas 24.12.', 'Xmas', '2026-12-24'],
    ['Xmas 24.12. at 18:00', 'Xmas', '2026-12-24 18:00'],
    ['Xmas on 24.12.', 'Xmas', '2026-12-24'],
    ['Xmas 24.12.2026', 'Xmas', '2026-12-24'],
    ['Xmas 2026/12/24', 'Xmas', '2026-12-24'],
    ['Xmas 2026-12-24 18:00', 'Xmas', '2026-12-24 18:00'],
    ['Xmas 2026-12-24T18:00', 'Xmas', '2026-12-24 18:00'],
    ['Xmas 2026-12-24T18:00:30', 'Xmas', '2026-12-24 18:00'],
    ['Xmas 2026-12-24T18:00:00.000Z', 'Xmas', '2026-12-24 19:00'],
    ['Xmas 2026-12-24T18:00+02:00', 'Xmas', '2026-12-24 17:00'],
    ['Xmas 2026-12-24T18:00-05:00', 'Xmas', '2026-12-25 00:00'],
    ['Xmas 24/12', 'Xmas', '2026-12-24'],
    ['Xmas 12/24 with Bob', 'Xmas with Bob', '2026-12-24'],
    ['Review last friday of the month', 'Review', '2026-11-27'],
    ['Review on the first monday of month', 'Review', '2026-12-07'],
    ['Review first monday of next month', 'Review', '2026-12-07'],
    ['Review the 2nd tuesday of this month', 'Review', '2026-11-10'],
    ['Review the 5th monday of the month', 'Review', '2026-11-30'],
    ['Review 3rd friday jan', 'Review', '2027-01-15'],
    ['Review 1st of month', 'Review', '2026-12-01'],
    ['Review on the 1st of the month', 'Review', '2026-12-01'],
    ['Review the 5th of next month', 'Review', '2026-12-05'],
    ['Review by the 5th of this month', 'Review', '2026-11-05'],
    ['Review last day of month', 'Review', '2026-11-30'],
    ['Review first day of next month', 'Review', '2026-12-01'],
    ['Review mid january', 'Review', '2027-01-15'],
    ['Review by end of january', 'Review', '2027-01-31'],
    ['Review end of quarter', 'Review', '2026-12-31'],
    ['Review by end of next week', 'Review', '2026-11-27'],
    ['Review end of next quarter', 'Review', '2027-03-31'],
    ['Review eoy', 'Review', '2026-12-31'],
    ['Review next quarter', 'Review', '2027-01-01'],
    ['Review next business day', 'Review', '2026-11-23'],
    ['Review in 5 workdays', 'Review', '2026-11-27'],
    ['Review in 2h', 'Review', '2026-11-21 12:30'],
    ['Review in 2 h', 'Review', '2026-11-21 12:30'],
    ['Review in half an hour', 'Review', '2026-11-21 11:00'],
    ['Review +5 days', 'Review', '2026-11-26'],
    ['Review at the weekend', 'Review', '2026-11-21'],
    ['Review on weekend', 'Review', '2026-11-21'],
    ['Book a hotel 3 days before 5 may', 'Book a hotel', '2027-05-02'],
    ['Call back 2 weeks after 5 may', 'Call back', '2027-05-19'],
    ['Diet starting monday', 'Diet', '2026-11-23'],
    ['Diet from tomorrow', 'Diet', '2026-11-22'],
    ['Meet friday @ 7pm', 'Meet', '2026-11-27 19:00'],
    ['Meet friday @7pm', 'Meet', '2026-11-27 19:00'],
    // times
    ['Stand-up at 9am', 'Stand-up', '2026-11-22 09:00'],
    ['Stand-up at 11am', 'Stand-up', '2026-11-21 11:00'],
    ['Stand-up 18:00', 'Stand-up', '2026-11-21 18:00'],
    ['Stand-up 9:30', 'Stand-up', '2026-11-22 09:30'],
    ['Stand-up at 9', 'Stand-up', '2026-11-22 09:00'],
    ['Tea at 5', 'Tea', '2026-11-21 17:00'],
    ['Tea at 5:30', 'Tea', '2026-11-21 17:30'],
    ['Fly at 05:30', 'Fly', '2026-11-22 05:30'],
    ['Lunch at noon', 'Lunch', '2026-11-21 12:00'],
    ['Lunch at 12pm', 'Lunch', '2026-11-21 12:00'],
    ['Sleep at 12am', 'Sleep', '2026-11-22 00:00'],
    ['Sleep at midnight', 'Sleep', '2026-11-22 00:00'],
    ['Submit friday at midnight', 'Submit', '2026-11-27 23:59'],
    ['Call at 9 p.m. please', 'Call please', '2026-11-21 21:00'],
    ["Call at 9 o'clock tomorrow", 'Call', '2026-11-22 09:00'],
    ['Swim in the afternoon', 'Swim', '2026-11-21 15:00'],
    ['Swim in the morning', 'Swim', '2026-11-22 09:00'],
    // both
    ['Call mom tomorrow at 5', 'Call mom', '2026-11-22 17:00'],
    ['Call mom at 5 tomorrow', 'Call mom', '2026-11-22 17:00'],
    ['Call mom 9am friday', 'Call mom', '2026-11-27 09:00'],
    ['Call mom tomorrow morning', 'Call mom', '2026-11-22 09:00'],
    ['Call mom on sunday, 18:00', 'Call mom', '2026-11-22 18:00'],
    ['Dinner tonight at 8', 'Dinner', '2026-11-21 20:00'],
    ['Dinner at 8 tonight', 'Dinner', '2026-11-21 20:00'],
    ['Dinner tomorrow at 8 in the evening', 'Dinner', '2026-11-22 20:00'],
    ['Log in today at 9am', 'Log in', '2026-11-21 09:00'],
    ['Fetch Mia 27 nov at 17:45', 'Fetch Mia', '2026-11-27 17:45'],
    ['Fetch Mia at 17:45 #Home on friday', 'Fetch Mia', '2026-11-27 17:45'],
    // repeats
    ['Vitamins every day', 'Vitamins', '2026-11-21', 'DAILY'],
    ['Vitamins daily', 'Vitamins', '2026-11-21', 'DAILY'],
    ['Vitamins each day at 9am', 'Vitamins', '2026-11-22 09:00', 'DAILY'],
    ['Vitamins daily at 18:00', 'Vitamins', '2026-11-21 18:00', 'DAILY'],
    ['Vitamins every morning', 'Vitamins', '2026-11-22 09:00', 'DAILY'],
    ['Vitamins every night', 'Vitamins', '2026-11-21 20:00', 'DAILY'],
    ['Run every other day', 'Run', '2026-11-21', 'DAILY;INTERVAL=2'],
    ['Run every second day', 'Run', '2026-11-21', 'DAILY;INTERVAL=2'],
    ['Run every 3rd day', 'Run', '2026-11-21', 'DAILY;INTERVAL=3'],
    ['Run every three days', 'Run', '2026-11-21', 'DAILY;INTERVAL=3'],
    ['Stand-up every weekday', 'Stand-up', '2026-11-23', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Stand-up weekdays at 9', 'Stand-up', '2026-11-23 09:00', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Stand-up every working day', 'Stand-up', '2026-11-23', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Bake every weekend', 'Bake', '2026-11-21', 'WEEKLY;BYDAY=SA'],
    ['Bake on weekends', 'Bake', '2026-11-21', 'WEEKLY;BYDAY=SA,SU'],
    ['Judo tuesdays at 17:45', 'Judo', '2026-11-24 17:45', 'WEEKLY;BYDAY=TU'],
    ['Judo on tuesdays and thursdays', 'Judo', '2026-11-24', 'WEEKLY;BYDAY=TU,TH'],
    ['Judo every tue', 'Judo', '2026-11-24', 'WEEKLY;BYDAY=TU'],
    ['Gym every mon, wed and fri at 18:00', 'Gym', '2026-11-23 18:00', 'WEEKLY;BYDAY=MO,WE,FR'],
    ['Gym every mon,wed,fri', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,WE,FR'],
    ['Gym every mon & thu', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,TH'],
    ['Gym every mon-fri', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Gym every friday to monday', 'Gym', '2026-11-21', 'WEEKLY;BYDAY=MO,FR,SA,SU'],
    ['Gym every saturday morning', 'Gym', '2026-11-28 09:00', 'WEEKLY;BYDAY=SA'],
    ['Gym every saturday', 'Gym', '2026-11-21', 'WEEKLY;BYDAY=SA'],
    ['Notes every other tue at 18:00', 'Notes', '2026-11-24 18:00', 'WEEKLY;INTERVAL=2;BYDAY=TU'],
    ['Notes every 2 weeks on mon and thu', 'Notes', '2026-11-23', 'WEEKLY;INTERVAL=2;BYDAY=MO,TH'],
    ['Notes every week', 'Notes', '2026-11-21', 'WEEKLY'],
    ['Notes weekly on tuesday', 'Notes', '2026-11-24', 'WEEKLY;BYDAY=TU'],
    ['Library every 4 weeks', 'Library', '2026-11-21', 'WEEKLY;INTERVAL=4'],
    ['Library every fortnight', 'Library', '2026-11-21', 'WEEKLY;INTERVAL=2'],
    ['Swim every day except sundays', 'Swim', '2026-11-21', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA'],
    ['Swim daily except weekends', 'Swim', '2026-11-23', 'WEEKLY;BYDAY=MO,TU,WE,TH,FR'],
    ['Pay rent every month on the 31st', 'Pay rent', '2026-11-30', 'MONTHLY;BYMONTHDAY=31'],
    ['Pay rent every 31st', 'Pay rent', '2026-11-30', 'MONTHLY;BYMONTHDAY=31'],
    ['Pay rent on the 1st of every month', 'Pay rent', '2026-12-01', 'MONTHLY;BYMONTHDAY=1'],
    ['Pay staff every 1st and 15th', 'Pay staff', '2026-12-01', 'MONTHLY;BYMONTHDAY=1,15'],
    ['Pay staff monthly on the 15', 'Pay staff', '2026-12-15', 'MONTHLY;BYMONTHDAY=15'],
    ['Filter every 3 months', 'Filter', '2026-11-21', 'MONTHLY;INTERVAL=3'],
    ['Filter every 6 months on the 5th', 'Filter', '2026-12-05', 'MONTHLY;INTERVAL=6;BYMONTHDAY=5'],
    ['VAT return quarterly', 'VAT return', '2026-11-21', 'MONTHLY;INTERVAL=3'],
    ['Close books every last day of the month', 'Close books', '2026-11-30', 'MONTHLY;BYMONTHDAY=-1'],
    ['Close books on the last day of every month', 'Close books', '2026-11-30', 'MONTHLY;BYMONTHDAY=-1'],
    ['Close books at the end of every month', 'Close books', '2026-11-30', 'MONTHLY;BYMONTHDAY=-1'],
    ['Book club every 3rd friday', 'Book club', '2026-12-18', 'MONTHLY;BYDAY=3FR'],
    ['Book club every third friday of the month', 'Book club', '2026-12-18', 'MONTHLY;BYDAY=3FR'],
    ['Book club first monday of every month', 'Book club', '2026-12-07', 'MONTHLY;BYDAY=1MO'],
    ['Book club every month on the last thursday', 'Book club', '2026-11-26', 'MONTHLY;BYDAY=-1TH'],
    ['Book club every 2 months on the 2nd tue', 'Book club', '2026-12-08', 'MONTHLY;INTERVAL=2;BYDAY=2TU'],
    ['Book club every 1st and 3rd monday', 'Book club', '2026-12-07', 'MONTHLY;BYDAY=1MO,3MO'],
    ['Payroll every last workday', 'Payroll', '2026-11-30', 'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'],
    ['Payroll on the 3rd workday of every month', 'Payroll', '2026-12-03', 'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3'],
    [
      'Payroll every month on the first business day',
      'Payroll',
      '2026-12-01',
      'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1',
    ],
    ['Review every 2nd tuesday of month', 'Review', '2026-12-08', 'MONTHLY;BYDAY=2TU'],
    ['Review every 2nd tuesday of the month', 'Review', '2026-12-08', 'MONTHLY;BYDAY=2TU'],
    ['Review every 2nd tuesday of each month', 'Review', '2026-12-08', 'MONTHLY;BYDAY=2TU'],
    ['Review every 2nd tuesday of every month', 'Review', '2026-12-08', 'MONTHLY;BYDAY=2TU'],
    ['Review every 2nd tuesday in the month', 'Review', '2026-12-08', 'MONTHLY;BYDAY=2TU'],
    ['Review every last friday of month at 9am', 'Review', '2026-11-27 09:00', 'MONTHLY;BYDAY=-1FR'],
    ['Review every first workday of month', 'Review', '2026-12-01', 'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1'],
    ['Review every 1st of month', 'Review', '2026-12-01', 'MONTHLY;BYMONTHDAY=1'],
    ['Review every first of the month', 'Review', '2026-12-01', 'MONTHLY;BYMONTHDAY=1'],
    ['Review every last day of month', 'Review', '2026-11-30', 'MONTHLY;BYMONTHDAY=-1'],
    ['Review last friday every month', 'Review', '2026-11-27', 'MONTHLY;BYDAY=-1FR'],
    ['Review the 3rd workday every month', 'Review', '2026-12-03', 'MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3'],
    ['Pay 15th and 30th every month', 'Pay', '2026-11-30', 'MONTHLY;BYMONTHDAY=15,30'],
    ['Pay on the 15th and 30th every 2 months', 'Pay', '2026-11-30', 'MONTHLY;INTERVAL=2;BYMONTHDAY=15,30'],
    ['Pay the 15th every month', 'Pay', '2026-12-15', 'MONTHLY;BYMONTHDAY=15'],
    ['Pay last day every month', 'Pay', '2026-11-30', 'MONTHLY;BYMONTHDAY=-1'],
    ['Pay every 15th and 30th', 'Pay', '2026-11-30', 'MONTHLY;BYMONTHDAY=15,30'],
    ['Pay every 15, 30', 'Pay', '2026-11-30', 'MONTHLY;BYMONTHDAY=15,30'],
    ['Pay every 15,30 at 9am', 'Pay', '2026-11-30 09:00', 'MONTHLY;BYMONTHDAY=15,30'],
    ['Pay every 1st,15th', 'Pay', '2026-12-01', 'MONTHLY;BYMONTHDAY=1,15'],
    ['Pay every 15 of the month', 'Pay', '2026-12-15', 'MONTHLY;BYMONTHDAY=15'],
    ['Pay every month on 15 and 30', 'Pay', '2026-11-30', 'MONTHLY;BYMONTHDAY=15,30'],
    ['Gym mondays and thursdays', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,TH'],
    ['Gym mondays, wednesdays and fridays with Bob', 'Gym with Bob', '2026-11-23', 'WEEKLY;BYDAY=MO,WE,FR'],
    ['Gym mon and wed every week', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,WE'],
    ['Gym mon and wed weekly at 7am', 'Gym', '2026-11-23 07:00', 'WEEKLY;BYDAY=MO,WE'],
    ['Gym on mon and wed every 2 weeks', 'Gym', '2026-11-23', 'WEEKLY;INTERVAL=2;BYDAY=MO,WE'],
    ['Vitamins everyday', 'Vitamins', '2026-11-21', 'DAILY'],
    ['Vitamins everyday at 9', 'Vitamins', '2026-11-22 09:00', 'DAILY'],
    ['Birthday every 27 nov', 'Birthday', '2026-11-27', 'YEARLY;BYMONTH=11;BYMONTHDAY=27'],
    ['Birthday every year on march 3', 'Birthday', '2027-03-03', 'YEARLY;BYMONTH=3;BYMONTHDAY=3'],
    ['Birthday every 29th of february', 'Birthday', '2027-02-28', 'YEARLY;BYMONTH=2;BYMONTHDAY=29'],
    ['Labour day every first monday of september', 'Labour day', '2027-09-06', 'YEARLY;BYMONTH=9;BYDAY=1MO'],
    ['Checkup yearly', 'Checkup', '2026-11-21', 'YEARLY'],
    ['Water plants every! 10 days', 'Water plants', '2026-11-21', 'DAILY;INTERVAL=10 completion'],
    ['Water plants every! week', 'Water plants', '2026-11-21', 'WEEKLY completion'],
    ['Water plants after 10 days', 'Water plants', '2026-12-01', 'DAILY;INTERVAL=10 completion'],
    ['Water plants every 3 days after completion', 'Water plants', '2026-11-21', 'DAILY;INTERVAL=3 completion'],
    ['Write report monthly', 'Write report', '2026-11-21', 'MONTHLY'],
    ['Write report weekly #Work', 'Write report', '2026-11-21', 'WEEKLY'],
    // bounds
    ['Gym every mon starting 1 dec', 'Gym', '2026-12-07', 'WEEKLY;BYDAY=MO'],
    ['Gym every 2 weeks starting 1 dec', 'Gym', '2026-12-01', 'WEEKLY;INTERVAL=2'],
    ['Gym every 2 weeks on tue from 4 dec', 'Gym', '2026-12-08', 'WEEKLY;INTERVAL=2;BYDAY=TU'],
    ['Pills every day until 5 dec', 'Pills', '2026-11-21', 'DAILY until 2026-12-05'],
    ['Pills every day for 2 weeks', 'Pills', '2026-11-21', 'DAILY until 2026-12-04'],
    ['Pills every day at 9am for 3 days', 'Pills', '2026-11-22 09:00', 'DAILY until 2026-11-24'],
    ['Pills every day 10 times', 'Pills', '2026-11-21', 'DAILY 10 times'],
    ['Pills every day except 25 dec and 26 dec', 'Pills', '2026-11-21', 'DAILY except 2026-12-25,2026-12-26'],
    [
      'Course every tue at 18:00 starting 2027-01-05 for 10 weeks',
      'Course',
      '2027-01-05 18:00',
      'WEEKLY;BYDAY=TU until 2027-03-15',
    ],
    ['Gym every 2 days starting 2026-12-24T18:00', 'Gym', '2026-12-24 18:00', 'DAILY;INTERVAL=2'],
    ['Gym every week tomorrow', 'Gym', '2026-11-22', 'WEEKLY'],
    ['Gym tomorrow every week at 7am', 'Gym', '2026-11-22 07:00', 'WEEKLY'],
    ['Gym every tue #Health at 18:00', 'Gym', '2026-11-24 18:00', 'WEEKLY;BYDAY=TU'],
    ['Book a table for tomorrow at 7pm', 'Book a table', '2026-11-22 19:00'],
    ['Buy tickets for friday', 'Buy tickets', '2026-11-27'],
    ['Gym every mon/wed', 'Gym', '2026-11-23', 'WEEKLY;BYDAY=MO,WE'],
    ['Gym every 5th friday', 'Gym', '2027-01-29', 'MONTHLY;BYDAY=5FR'],
    ['Gym every 6th friday', 'Gym', '2026-11-27', 'WEEKLY;INTERVAL=6;BYDAY=FR'],
    ['Night bus 23:30', 'Night bus', '2026-11-21 23:30'],
    // of two, the last
    ['Plan sunday dinner tomorrow', 'Plan sunday dinner', '2026-11-22'],
    ['Move from tomorrow to friday', 'Move from tomorrow to friday', null],
    ['Remember today, do tomorrow', 'Remember today, do', '2026-11-22'],
  ])('%s', (text, title, due, rule) => {
    const task = read(text);
    expect([task.title, dueOf(task), ruleOf(task)]).toEqual([title, due, rule ?? null]);
  });

  it.each([
    'The 9/11 report',
    'Monthly report',
    'Weekly review notes',
    'Daily standup notes',
    'Read Sunday Times',
    'Monday meeting notes',
    'Watch The Office',
    'Buy sun cream',
    'Enjoy the sun',
    'He sat down',
    'Fix the 18:00 train problem',
    'Prepare my 9am call',
    "Read today's paper",
    "Friday's leftovers",
    'Black Friday',
    'Read the Friday report',
    'Email every customer',
    'Make every second count',
    'Read 1984',
    'Call 555 1234',
    'Buy 2 tickets',
    'Support 24/7',
    'Cut 1/2 cup',
    'Option 5 may fail',
    'March 2 km',
    'Look at 5 options',
    'Call at 9 Elm Street',
    'Screen 16:9',
    'Score 3:1',
    'Vacation mon to fri',
    'Meeting from 9am to 10am',
    'Meeting 9am - 10am',
    'Mail bob@example.com',
    'Fix #42',
    'Learn C#',
    'Look at http://x.org/every/friday',
    'Visit www.tomorrow.org',
    'Pills every 8 hours',
    'Alarm hourly',
    'Lunch 31 september',
    'Meet 30 feb',
    'A p4 task',
    'UPPER',
    'GP12 chart',
    'Room p1a',
    'Everyday carry',
    'After the party',
    'In the end',
    'For 3 weeks only',
    'Until tomorrow never dies',
    'Next.js upgrade',
    'Ask a second opinion',
    'Buy 3 x 2 m of rope',
    'every',
    'at',
    '!',
    '#',
    '@',
    '@5pm',
    '# nothing',
    'a // b'.slice(0, 1),
    'Wow!',
    'e-mail, phone; fax',
    'Second half',
    'Mon Chéri',
    'Last friday was nice',
    'The weekend',
    'Chapter 12:30',
    'Over 9 thousand',
    'May I go',
    'Sundays are nice',
    'Rest after a weekend',
    'Gym every day until 2026-11-01',
    'Gym every day 3 times until 5 dec',
    'Buy wine for sunday dinner',
    'Talk about tomorrow',
    'Minutes of friday',
    'Weekdays club',
    // A number is no year, no day and no time.
    'Buy 2 apples',
    'Pay 15 and 30 euros',
    'Pay invoice 24.12',
    'Install Ubuntu 24.04',
    'Upgrade to 13.1',
    'Ring the 24/7 hotline',
    'Open 24/7',
    'Mix 3/4 flour and 1/4 sugar',
    'Xmas 3/4',
    'Print page 13/20',
    'Compare 10-12 offers',
    'Meet at Gate 12',
    'Order size 9',
    'Read 20 pages',
    'Give 2 weeks notice',
    'Add 5 days of leave',
    'Eat 2 hours before swimming',
    'Call 030 24 12 20',
    'Renew ISO 9001:2015',
    'Build 2026-13-45',
    'Check every 15 minutes of the tape',
    'Take every 2, 3 or 4 pieces',
    '15th and 30th',
    'The 15th floor lamp',
    'Fix 2nd monitor',
    // Months, days and parts of the day are names too.
    'May proposal',
    'Call May',
    'Ask April about June',
    'Visit August Wilson house',
    'March with the band',
    'Call Sun Ltd',
    'Sun and moon poster',
    'Sat and waited',
    'Ask Mon about the keys',
    'Wed planner for Ann',
    'Work at Noon Media',
    'Read Midnight in Paris',
    'Weekend bag',
    'Plan weekend trip',
    'Watch Yesterday with Ann',
    "Find yesterday's notes",
    'Reply to the mail from yesterday',
    'Notes from friday',
    'Recap of last week',
    'Everyday shoes',
    'Every third tile is loose',
    'First day of school',
    'Last day at work',
    'Last friday of the month report',
    'Minutes of the last friday of the month',
    'Second opinion on the roof',
    'Third party licences',
    'End of year review',
    'Eod checklist',
    'Draft next year budget',
    'Prepare next week menu',
    'Next quarter roadmap',
    'Find a starting point',
    'Email @ work rules',
    'In the mood for love',
    'Due process essay',
    'A day in the life',
    // Weekdays in a list, without "every", are several dues: a task has one. What repeats says "every", as in Todoist.
    'Gym mon, wed, fri',
    'Gym mon, wed, fri at 18:00',
    'Gym on mon and wed',
    'Gym mon/wed/fri',
    'Sort mon, tue, wed boxes',
    'Anna is away thu and fri',
    'Gym tue or thu',
    'Call tomorrow or friday',
  ])('%j stays a title', (text) => {
    const task = read(text);
    const isTime = text === 'Chapter 12:30';
    expect([task.title, task.tokens.map((token) => token.text)]).toEqual(isTime ? ['Chapter', ['12:30']] : [text, []]);
  });
});

describe('a time that has passed', () => {
  it('is tomorrow if it stands alone, at the very minute too', () => {
    expect(dueOf(read('x at 10:30'))).toBe('2026-11-22 10:30');
    expect(dueOf(read('x at 10:31'))).toBe('2026-11-21 10:31');
  });
  it('starts a series on its next day', () => {
    expect(dueOf(read('x every sat at 9am'))).toBe('2026-11-28 09:00');
    expect(dueOf(read('x every sat at 11am'))).toBe('2026-11-21 11:00');
    expect(dueOf(read('x every 2 weeks at 9am'))).toBe('2026-11-22 09:00');
  });
  it('leaves tonight a day without a time', () => {
    expect(dueOf(read('x tonight', { now: '20:00' }))).toBe('2026-11-21');
    expect(dueOf(read('x tonight', { now: '19:59' }))).toBe('2026-11-21 20:00');
    expect(dueOf(read('x tonight at 10', { now: '21:00' }))).toBe('2026-11-21 22:00');
  });
  it('is the next 29 February, though that may be eight years away', () => {
    expect(dueOf(read('x 29 feb', { today: '2096-03-01' }))).toBe('2104-02-29');
  });
  it('is midnight in two hours if that is so', () => {
    expect(dueOf(read('x in 2 hours', { now: '23:10' }))).toBe('2026-11-22 01:10');
  });
});

describe('the week and the locale of the reader', () => {
  it('begin next week where the week begins', () => {
    expect(dueOf(read('x next week', { week_start: 7 }))).toBe('2026-11-22');
    expect(dueOf(read('x next friday', { today: '2026-11-23' }))).toBe('2026-12-04');
    expect(dueOf(read('x next sunday', { week_start: 7 }))).toBe('2026-11-22');
  });
  it('group a rule of several days and weeks', () => {
    expect(read('x every 2 weeks on sun and mon', { week_start: 7 }).recurrence?.rule).toBe(
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU',
    );
  });
  it('order day and month', () => {
    expect(dueOf(read('x 3/12/2026', { locale: 'en-US' }))).toBe('2026-03-12');
    expect(dueOf(read('x 25/12/2026', { locale: 'en-US' }))).toBe('2026-12-25');
    expect(dueOf(read('x 3/12/2026', { locale: 'no such locale' }))).toBe('2026-12-03');
    expect(dueOf(read('x 3/12/2026', { locale: undefined }))).toBe('2026-12-03');
  });
});

describe('signs', () => {
  it.each<[text: string, found: Partial<ParsedTask>]>([
    ['Paint #"Kitchen rebuild" walls', { title: 'Paint walls', project: 'Kitchen rebuild' }],
    ['Paint #Haus-Bau', { title: 'Paint', project: 'Haus-Bau' }],
    ['Paint #Küche.', { title: 'Paint', project: 'Küche' }],
    ['Paint #One #Two', { title: 'Paint #One', project: 'Two' }],
    ['Call @phone @"at work" @Phone', { title: 'Call', tags: ['phone', 'at work'] }],
    ['@phone, @work: call', { title: 'call', tags: ['phone', 'work'] }],
    ['Ask @review?', { title: 'Ask?', tags: ['review'] }],
    ['p1 call', { title: 'call', priority: 'high' }],
    ['call P2', { title: 'call', priority: 'medium' }],
    ['call p3, now', { title: 'call, now', priority: 'low' }],
    ['call p1 p3', { title: 'call p1', priority: 'low' }],
    ['call // see https://x.org //twice', { title: 'call', notes: 'see https://x.org //twice' }],
    ['see https://x.org/a//b', { title: 'see https://x.org/a//b', notes: '' }],
    ['call //', { title: 'call', notes: '' }],
    ['call //tomorrow p1', { title: 'call', notes: 'tomorrow p1', due_date: null, priority: null }],
    ['call //two\nlines', { title: 'call', notes: 'two\nlines' }],
  ])('%s', (text, found) => {
    expect(read(text)).toMatchObject(found);
  });
  it('are turned off in quotes, which then vanish', () => {
    expect(read('"Tomorrow never dies" tonight')).toMatchObject({
      title: 'Tomorrow never dies',
      due_date: '2026-11-21',
    });
    expect(read('Read “every friday” aloud')).toMatchObject({ title: 'Read every friday aloud', recurrence: null });
    expect(read('Say "#home p1"')).toMatchObject({ title: 'Say #home p1', project: null, priority: null });
  });
  it('leave quotes that keep nothing from being understood', () => {
    expect(read('Watch "The Office" tonight').title).toBe('Watch "The Office"');
    expect(read('A 27" screen and a 24" one friday')).toMatchObject({
      title: 'A 27" screen and a 24" one',
      due_date: '2026-11-27',
    });
  });
});

describe('reminders', () => {
  it.each<[text: string, reminders: ParsedTask['reminders']]>([
    ['x 18:00 !30m', [{ minutes_before: 30 }]],
    ['x 18:00 !30 min before', [{ minutes_before: 30 }]],
    ['x 18:00 !1h30m early', [{ minutes_before: 90 }]],
    ['x 18:00 !2 hours', [{ minutes_before: 120 }]],
    ['x 18:00 !1 day before', [{ minutes_before: 1440 }]],
    ['x 18:00 !an hour before', [{ minutes_before: 60 }]],
    ['x 18:00 !0m', [{ minutes_before: 0 }]],
    ['x 18:00 !1h !10m !1h', [{ minutes_before: 60 }, { minutes_before: 10 }]],
    ['x 18:00 remind me 15 minutes before', [{ minutes_before: 15 }]],
    ['x tomorrow !8am', [{ at: '2026-11-22T07:00:00.000Z' }]],
    ['x friday !tomorrow at 8', [{ at: '2026-11-22T07:00:00.000Z' }]],
    ['x friday !tomorrow', [{ at: '2026-11-22T08:00:00.000Z' }]],
    ['x !18:00', [{ at: '2026-11-21T17:00:00.000Z' }]],
    ['x !9am', [{ at: '2026-11-22T08:00:00.000Z' }]],
    ['x every day at 9am !8am', [{ minutes_before: 60 }]],
    ['x every day !8am', [{ at: '2026-11-21T07:00:00.000Z' }]],
    ['x 18:00 !500d', []],
    ['x 18:00 !important', []],
    ['x 18:00 wow! 30m', []],
  ])('%s', (text, reminders) => {
    expect(read(text).reminders).toEqual(reminders);
  });
  it('are no due', () => {
    expect(read('x !tomorrow at 8')).toMatchObject({ title: 'x', due_date: null });
  });
});

describe('turned back into words', () => {
  it('by place or by text, the rest is still understood', () => {
    const text = 'Pay rent every 27th at 9am #Home';
    const token = read(text).tokens[0];
    expect(read(text, { ignore: token ? [token] : [] })).toMatchObject({
      title: 'Pay rent every 27th at 9am',
      due_date: null,
      project: 'Home',
    });
    expect(read(text, { ignore: ['every 27th AT 9am'] })).toMatchObject({
      title: 'Pay rent every 27th at 9am',
      recurrence: null,
      project: 'Home',
    });
    expect(read('Tomorrow call mom', { ignore: ['tomorrow'] })).toMatchObject({
      title: 'Tomorrow call mom',
      due_date: null,
    });
    expect(read(text, { ignore: ['#Home', ''] })).toMatchObject({
      title: 'Pay rent #Home',
      project: null,
      due_time: '09:00',
    });
    expect(read('x p1 //note', { ignore: ['//note', 'p1'] })).toMatchObject({
      title: 'x p1 //note',
      notes: '',
      priority: null,
    });
  });
  it('if nothing else would be left for a title', () => {
    expect(read('tomorrow')).toMatchObject({ title: 'tomorrow', due_date: null, tokens: [] });
    expect(read('every friday #Home')).toMatchObject({ title: 'every friday', recurrence: null, project: 'Home' });
    expect(read('tomorrow p1 //note')).toMatchObject({
      title: 'tomorrow',
      due_date: null,
      priority: 'high',
      notes: 'note',
    });
  });
  it('and only an empty line has an empty title', () => expect(read(' ').title).toBe(''));
  it.each(['p1', '#Home p1', '@tag', '//note', '//', '(p1)', ', p1', 'p1 #Home //note'])('all of %j', (text) => {
    expect(read(text)).toMatchObject({ title: text, project: null, priority: null, notes: '', tags: [], tokens: [] });
  });
});

describe('any text', () => {
  const words = fc.constantFrom(
    'every',
    'day',
    'mon',
    'friday',
    'at',
    '9am',
    'on',
    'the',
    '31st',
    'of',
    'month',
    '#Home',
    '@a',
    'p1',
    '!',
    '!30m',
    'before',
    '//',
    '"',
    'until',
    '2026-12-01',
    'for',
    '3',
    'weeks',
    'tomorrow',
    ',',
    '(',
    ')',
    'last',
    'workday',
    'every!',
    'İ',
    'ß',
    '🎉',
    'call',
    'in',
    '999',
    'years',
    '29',
    'feb',
    'times',
    'except',
    '\n',
  );
  const lines = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.array(words, { maxLength: 12 }).map((all) => all.join(' ')),
  );
  it('is read without failing, into tokens that lie apart and say where they are', () => {
    fc.assert(
      fc.property(lines, (text) => {
        const { tokens, title, recurrence, due_date, due_time } = read(text);
        let end = 0;
        for (const token of tokens) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.text).toBe(text.slice(token.start, token.end));
          end = token.end;
        }
        expect(title).toBe(title.trim());
        if (/[^\s\ue000]/.test(text)) expect(title).not.toBe('');
        if (due_time !== null) expect(due_date).not.toBe(null);
        if (recurrence === null) return;
        const normal = normaliseRecurrence(recurrence, { due_date, due_time }, context.today);
        expect(normal).toMatchObject({ ok: true, due_date });
      }),
      { numRuns: 400 },
    );
  });
  it('is a title once every token is turned back', () => {
    fc.assert(
      fc.property(lines, (text) => {
        const again = read(text, { ignore: read(text).tokens });
        const third = read(text, { ignore: [...read(text).tokens, ...again.tokens, { start: 0, end: text.length }] });
        expect(third.tokens).toEqual([]);
      }),
    );
  });
  it('is read in well under a frame, and a pasted page without being searched for dates', () => {
    const text = 'Pay rent every 27th at 9am starting 1 dec until 2027-12-31 #Home @bank p1 !30m before //by transfer';
    for (let n = 0; n < 20; n++) read(text);
    const start = performance.now();
    for (let n = 0; n < 20; n++) read(text);
    read('every day at 9am until 1 dec '.repeat(1000));
    read('"tomorrow" (//'.repeat(3000));
    expect(performance.now() - start).toBeLessThan(500);
    expect(read(`${'so '.repeat(400)}tomorrow #Home`)).toMatchObject({ due_date: null, project: 'Home' });
  });
});

describe('many lines', () => {
  it('are many tasks, without the marks of a list', () => {
    expect(
      splitLines('- Buy milk\r\n* [ ] Call mom\n\n  3. Pay rent  \n[x] done\n• tea\n2 eggs\n-5 degrees\n'),
    ).toEqual(['Buy milk', 'Call mom', 'Pay rent', 'done', 'tea', '2 eggs', '-5 degrees']);
    expect(splitLines(' \n\u200b\n\u00a0\u2060')).toEqual([]);
  });
});

describe('a line that is only a repeat', () => {
  it.each([
    ['every other thu at 16:00', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH', '2026-11-26 16:00'],
    ['other thu', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=TH', '2026-11-26'],
    ['weekdays', 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', '2026-11-23'],
    ['27th', 'FREQ=MONTHLY;BYMONTHDAY=27', '2026-11-27'],
    ['2 weeks', 'FREQ=WEEKLY;INTERVAL=2', '2026-11-21'],
    ['last friday', 'FREQ=MONTHLY;BYDAY=-1FR', '2026-11-27'],
    ['Daily at 9am', 'FREQ=DAILY', '2026-11-22 09:00'],
    ['mon and wed', 'FREQ=WEEKLY;BYDAY=MO,WE', '2026-11-23'],
    ['15, 30', 'FREQ=MONTHLY;BYMONTHDAY=15,30', '2026-11-30'],
    ['2nd tuesday of month', 'FREQ=MONTHLY;BYDAY=2TU', '2026-12-08'],
    ['RRULE:FREQ=MONTHLY;BYDAY=1MO', 'FREQ=MONTHLY;BYDAY=1MO', '2026-12-07'],
  ])('%s', (text, rule, due) => {
    const found = parseRepeat(text, context);
    expect([found?.recurrence.rule, found && dueOf(found)]).toEqual([rule, due]);
  });
  it.each(['', 'buy milk', 'every', 'tomorrow', 'every day please', 'FREQ=HOURLY', 'every day until yesterday'])(
    '%j is none',
    (text) => {
      expect(parseRepeat(text, context)).toBe(null);
    },
  );
});

describe('a line that is only a date', () => {
  it.each([
    ['fri 16:00', '2026-11-27 16:00'],
    ['in 3 days', '2026-11-24'],
    ['27/11', '2026-11-27'],
    ['27th', '2026-11-27'],
    ['sun', '2026-11-22'],
    ['9am', '2026-11-22 09:00'],
    ['at 18:00', '2026-11-21 18:00'],
    ['Tomorrow morning', '2026-11-22 09:00'],
    ['2026-12-01', '2026-12-01'],
    ['9am tomorrow', '2026-11-22 09:00'],
    ['yesterday', '2026-11-20'],
    ['weekend', '2026-11-21'],
    ['24.12.', '2026-12-24'],
    ['2026-12-24T18:00', '2026-12-24 18:00'],
    ['last friday of the month', '2026-11-27'],
  ])('%s', (text, due) => {
    const found = parseDue(text, context);
    expect(found && dueOf(found)).toBe(due);
  });
  it.each(['', 'soon', 'friday please', 'every friday', '31 september'])('%j is none', (text) => {
    expect(parseDue(text, context)).toBe(null);
  });
});
