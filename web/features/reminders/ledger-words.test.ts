import { type LedgerEntry, reminderStates } from '@taskmaster/contracts/http/notifications';
import { describe, expect, test } from 'vitest';
import { ledgerInWords, stateNames } from './ledger-words.ts';

const reader = { zone: 'Europe/Berlin', today: '2026-03-10', now: '2026-03-10T10:20:00.000Z' };
const entry: LedgerEntry = {
  id: 'e',
  reminder_id: 'r',
  task_id: 't',
  title: 'Call the electrician',
  for: '2026-03-10T11:30',
  channel: 'app',
  state: 'scheduled',
  due_at: '2026-03-10T10:15:00.000Z',
  decided_at: '2026-03-10T10:15:00.100Z',
  next_at: null,
  handed_over_at: '2026-03-10T10:15:00.100Z',
  acknowledged_at: '2026-03-10T10:16:00.000Z',
  late_reason: null,
  attempts: 0,
  error: null,
};
const words = (of: Partial<LedgerEntry>, task?: Parameters<typeof ledgerInWords>[1]) =>
  ledgerInWords({ ...entry, ...of }, task, reader);

describe('a row of the ledger', () => {
  test('has words for every state', () => {
    for (const state of reminderStates) {
      expect(stateNames[state]).toBeTruthy();
      for (const channel of ['app', 'mail'] as const)
        expect(words({ state, channel }).became, state).toMatch(/^[A-Z].+\.$/);
    }
  });

  test('says what it was counted from, and through what', () => {
    expect(words({}).about).toBe('Due 11:30, in the app');
    expect(words({ for: '2026-03-12', channel: 'mail' }).about).toBe('Due Thu 12 March, by mail');
    expect(words({ for: '2026-03-12T09:00' }).about).toBe('Due Thu 12 March, 09:00, in the app');
    expect(words({ for: '2026-03-09T08:00:00.000Z' }).about).toBe('Asked for yesterday at 09:00, in the app');
  });

  test('says what became of it', () => {
    const became = (of: Partial<LedgerEntry>, task?: Parameters<typeof ledgerInWords>[1]) => words(of, task).became;
    expect(became({ due_at: '2026-03-11T08:00:00.000Z' })).toBe('Will be told tomorrow at 09:00.');
    expect(became({ state: 'handed_over' })).toBe('Told at 11:15. Not read.');
    expect(became({ state: 'handed_over' }, { status: 'completed', deleted_at: null })).toBe(
      'Told at 11:15, the task was done since.',
    );
    expect(became({ state: 'acknowledged' })).toBe('Told at 11:15, read at 11:16.');
    expect(became({ state: 'too_late' })).toContain('reminded nobody');
    const gone = { status: 'completed', deleted_at: null } as const;
    expect(became({ state: 'withdrawn' }, gone)).toBe('Taken back before it was told: the task was done.');
    expect(became({ state: 'withdrawn' })).toContain('done, moved or deleted');
  });

  test('says why a mail waits, or never went', () => {
    const mail = (of: Partial<LedgerEntry>) => words({ channel: 'mail', ...of });
    expect(mail({ state: 'decided', next_at: '2026-03-11T06:00:00.000Z' }).became).toBe(
      'Held back for the quiet hours. Goes out tomorrow at 07:00.',
    );
    expect(
      mail({ state: 'decided', attempts: 2, error: 'connection refused', next_at: '2026-03-10T10:30:00.000Z' }).became,
    ).toBe('2 tries without success (connection refused). Tried again at 11:30.');
    expect(mail({ state: 'failed', attempts: 5, error: 'no such mailbox' })).toMatchObject({
      became: 'Given up after 5 tries (no such mailbox).',
      tone: 'wrong',
    });
    expect(mail({ state: 'handed_over' }).became).toBe('Mailed at 11:15.');
  });
});
