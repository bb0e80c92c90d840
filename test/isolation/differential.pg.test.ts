import { Flight } from '@taskmaster/runtime/flight';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Differential, differences, differential, type Role } from './differential.ts';
import { settled } from './estate.ts';
import { documentOf, operationsOf } from './operations.ts';
import { rolesOf, type Stage, stage } from './stage.ts';

const run = (on: Stage, roles: readonly Role[], aliases = true): Promise<Differential> =>
  differential({
    url: on.services.url,
    document: documentOf(on.services.http),
    operations: operationsOf(on.services.http).filter(({ isAlias }) => aliases || !isAlias),
    estate: on.estate,
    roles,
    holdings: on.holdings,
  });

/** Operations × roles: how many calls, how many showed something, how many changed something. */
function table({ tallies }: Differential, roles: readonly Role[]): string {
  const width = Math.max(...tallies.map(({ operation }) => operation.length));
  const head = ['operation'.padEnd(width), ...roles.map(({ name }) => name), 'leaks', 'changes', 'wrong'];
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell, index) => String(cell)[index === 0 ? 'padEnd' : 'padStart'](head[index]?.length ?? 0)).join(' | ');
  const sum = (of: (tally: Differential['tallies'][number]) => number) =>
    tallies.reduce((all, one) => all + of(one), 0);
  const rows = tallies.map((one) =>
    line([one.operation, ...roles.map(({ name }) => one.calls[name] ?? 0), one.leaks, one.changes, one.wrong]),
  );
  const all = line([
    `${tallies.length} operations`,
    ...roles.map(({ name }) => sum((one) => one.calls[name] ?? 0)),
    sum((one) => one.leaks),
    sum((one) => one.changes),
    sum((one) => one.wrong),
  ]);
  return [line(head), ...rows, all].join('\n');
}

/** The statements of callers without what keeps them to their own: what is left is row-level security alone. */
function dropEveryWhere(): void {
  const submit = Flight.prototype.submit;
  const ofCallers = new WeakSet<object>();
  vi.spyOn(Flight.prototype, 'submit').mockImplementation(function (this: Flight, connection) {
    const { parts } = this as unknown as { parts: { name: string; text: string }[] };
    if (parts.some(({ name }) => name.startsWith('begin'))) ofCallers.delete(connection);
    if (parts.some(({ name }) => name === 'set_caller')) ofCallers.add(connection);
    if (ofCallers.has(connection))
      for (const part of parts) {
        const text = part.text
          .replaceAll(/(?:\w+\.)?(?:workspace_id|user_id) = any\((\$\d+)::uuid\[\]\)/g, '($1::uuid[] is not null)')
          .replaceAll(/(?:\w+\.)?(?:workspace_id|user_id) = (\$\d+)(?:::uuid)?\b/g, '($1::uuid is not null)');
        // Prepared before, it would be run as it was.
        if (text !== part.text) Object.assign(part, { name: '', text });
      }
    submit.call(this, connection);
  });
}

async function dropRowLevelSecurity(owner: pg.Client): Promise<void> {
  const { rows } = await owner.query<{ at: string }>(
    `select format('%I.%I', n.nspname, c.relname) as at from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relrowsecurity`,
  );
  expect(rows.length).toBeGreaterThan(10);
  for (const { at } of rows) await owner.query(`alter table ${at} disable row level security`);
}

describe('each wall', () => {
  const other = async (on: Stage): Promise<Role[]> => (await rolesOf(on)).filter(({ name }) => name === 'other');
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['without the second', { where: true, security: false }],
    ['without the first', { where: false, security: true }],
  ])('holds alone: %s', { timeout: 120_000 }, async (_name, { where, security }) => {
    const on = await stage();
    try {
      const roles = await other(on);
      if (!security) await dropRowLevelSecurity(on.owner);
      if (!where) dropEveryWhere();
      const { findings } = await run(on, roles, false);
      expect(findings.filter(({ wrong }) => /shows|changed/.test(wrong))).toEqual([]);
    } finally {
      await on.end();
    }
  });

  it('gone, with the other, is seen: hers is shown and changed', { timeout: 120_000 }, async () => {
    const on = await stage();
    try {
      const roles = await other(on);
      await dropRowLevelSecurity(on.owner);
      dropEveryWhere();
      const { tallies } = await run(on, roles, false);
      const shown = tallies.filter(({ leaks }) => leaks > 0).map(({ operation }) => operation);
      const changed = tallies.filter(({ changes }) => changes > 0).map(({ operation }) => operation);
      console.log(`without walls ${shown.length} operations show and ${changed.length} change what is hers`);
      expect(shown).toEqual(
        expect.arrayContaining(['GET /api/tasks', 'GET /api/tasks/{id}', 'GET /api/notifications']),
      );
      expect(changed.length).toBeGreaterThan(0);
    } finally {
      await on.end();
    }
  });
});

describe('two people', () => {
  let on: Stage;
  beforeAll(async () => {
    on = await stage();
  });
  afterAll(() => on.end());

  it('share nothing: no operation shows or changes what is hers to anybody else', { timeout: 300_000 }, async () => {
    const before = await on.holdings.of(on.estate.person);
    const roles = await rolesOf(on);
    const found = await run(on, roles);
    console.log(table(found, roles));
    expect(found.findings).toEqual([]);
    await settled(on.admin);
    expect(differences(before, await on.holdings.of(on.estate.person))).toEqual([]);
    // It looked at something: hers is there, for her.
    expect(Object.values(before).filter((sum) => !sum.startsWith('0 ')).length).toBeGreaterThan(15);
    expect(on.estate.all.size).toBeGreaterThan(50);
  });
});
