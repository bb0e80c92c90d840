import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { successorId } from '../ids.ts';
import { applyPatch, type Entity, type Rows } from '../registers.ts';
import type { Project, Reminder, Tag, Task } from '../task.ts';
import { decide } from './decide.ts';
import { applyChange, type Change, type Moment, type Op, type World } from './world.ts';

/** A world in memory, as a device has it. */
class Memory implements World {
  readonly rows = new Map<string, Rows[Entity]>();
  private made = 0;

  get<E extends Entity>(entity: E, id: string): Rows[E] | undefined {
    return this.rows.get(`${entity}:${id}`) as Rows[E] | undefined;
  }
  of<R>(entity: Entity): R[] {
    return [...this.rows].flatMap(([key, row]) => (key.startsWith(`${entity}:`) ? [row as R] : []));
  }
  childrenOf = (id: string) => this.of<Task>('task').filter((task) => task.parent_id === id);
  tasksOfProject = (id: string) => this.of<Task>('task').filter((task) => task.project_id === id);
  tasksWithTag = (name: string) =>
    this.of<Task>('task').filter((task) => task.tags.some((tag) => tag.toLowerCase() === name));
  predecessorOf = (id: string) => this.of<Task>('task').find((task) => task.successor_id === id);
  remindersOf = (id: string) =>
    this.of<Reminder>('reminder').filter((one) => one.task_id === id || one.series_id === id);
  lastPosition = (project: string | null, parent: string | null) =>
    this.of<Task>('task')
      .filter((task) => task.project_id === project && task.parent_id === parent)
      .map((task) => task.position)
      .sort()
      .at(-1) ?? null;

  moment(today = '2027-05-03', time = '10:00'): Moment {
    return {
      at: `${today}T${time}:00.000Z`,
      user_id: uuid(1),
      workspace_id: uuid(2),
      time_zone: 'UTC',
      today,
      time,
      offline: false,
    };
  }
  op(kind: Op['kind'], id: string, patch: Op['patch'] = {}, more: Partial<Op> = {}): Op {
    return { op: uuid(10_000 + this.made++), kind, entity: 'task', id, patch, ...more };
  }
  /** Decides and applies; a refusal throws its code. */
  act(op: Op, moment = this.moment()): Change[] {
    const decision = decide(this, moment, [op]);
    if (!decision.ok) throw new Error(decision.code);
    for (const change of decision.changes) this.rows.set(`${change.entity}:${change.entity_id}`, change.row);
    return decision.changes;
  }
  task = (id: string) => this.get('task', id) as Task;
}
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const weekly = { rule: 'FREQ=WEEKLY' };

function withWeekly(due = '2027-05-03'): { world: Memory; id: string } {
  const world = new Memory();
  const id = uuid(100);
  world.act(world.op('create', id, { title: 'Review', due: { due_date: due }, recurrence: weekly }));
  return { world, id };
}

describe('a repeating task', () => {
  it('carries its series from its own id and its first slot', () => {
    const { world, id } = withWeekly();
    expect(world.task(id)).toMatchObject({ series_id: id, slot: '2027-05-03' });
  });

  it('starts at its first slot from today where no date is given', () => {
    const world = new Memory();
    world.act(world.op('create', uuid(5), { title: 'x', recurrence: { rule: 'FREQ=WEEKLY;BYDAY=FR' } }));
    expect(world.task(uuid(5))).toMatchObject({ due_date: '2027-05-07', slot: '2027-05-07' });
  });

  it('moved by hand keeps its slot; its successor is of the slot, not of the day', () => {
    const { world, id } = withWeekly();
    world.act(world.op('update', id, { due: { due_date: '2027-05-05' } }));
    expect(world.task(id)).toMatchObject({ due_date: '2027-05-05', slot: '2027-05-03' });
    world.act(world.op('complete', id));
    const next = successorId(id, '2027-05-03');
    world.act(world.op('update', next, { notes: 'made by the edit' }));
    expect(world.task(next)).toMatchObject({
      due_date: '2027-05-10',
      predecessor_slot: '2027-05-03',
      notes: 'made by the edit',
    });
  });

  it('moved with its series moves slot and anchor', () => {
    const { world, id } = withWeekly();
    world.act(world.op('update', id, { due: { due_date: '2027-05-05' } }, { scope: 'series' }));
    expect(world.task(id)).toMatchObject({ due_date: '2027-05-05', slot: '2027-05-05' });
    expect(world.task(id).recurrence).toMatchObject({
      rule: expect.stringContaining('BYDAY=WE'),
      starts_on: '2027-05-05',
    });
  });

  it('moved back with its series, or made to repeat anew, never gets the id of an occurrence that is there', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id));
    const second = successorId(id, '2027-05-03');
    world.act(world.op('update', second, { priority: 'low' }));
    world.act(world.op('update', second, { due: { due_date: '2027-05-03' } }, { scope: 'series' }));
    world.act(world.op('complete', second));
    const third = world.task(second).successor_id as string;
    expect([id, second]).not.toContain(third);

    const again = withWeekly();
    again.world.act(again.world.op('complete', again.id));
    const next = successorId(again.id, '2027-05-03');
    again.world.act(again.world.op('update', next, { recurrence: null }));
    again.world.act(again.world.op('update', next, { due: { due_date: '2027-05-03' } }));
    again.world.act(again.world.op('update', next, { recurrence: weekly }));
    again.world.act(again.world.op('complete', next));
    expect(again.world.task(next).successor_id).not.toBe(next);
  });

  it('keeps its date while it repeats: the repeat has to go first', () => {
    const { world, id } = withWeekly();
    expect(() => world.act(world.op('update', id, { due: { due_date: null } }))).toThrow('invalid');
    world.act(world.op('update', id, { recurrence: null, due: { due_date: null } }));
    expect(world.task(id)).toMatchObject({ due_date: null, recurrence: null });
  });

  it('completed with a wall clock that cannot be is completed now', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id, { completed_local: '2099-01-01T00:00' }));
    expect(world.task(id).completed_local).toBe('2027-05-03T10:00');
  });

  it('given another rule with its date goes on from that date: the successor is of the new rule, at the new time', () => {
    const world = new Memory();
    const id = uuid(300);
    world.act(
      world.op('create', id, {
        title: 'Pay',
        due: { due_date: '2027-05-27', due_time: '09:00' },
        recurrence: { rule: 'FREQ=MONTHLY;BYMONTHDAY=27' },
      }),
    );
    const due = { due_date: '2027-05-31', due_time: '10:00', due_zone: null };
    world.act(world.op('update', id, { due, recurrence: { rule: 'FREQ=MONTHLY;BYMONTHDAY=31' } }));
    expect(world.task(id)).toMatchObject({ slot: '2027-05-31T10:00', series_values: null });
    world.act(world.op('complete', id));
    const next = world.task(id).successor_id as string;
    world.act(world.op('update', next, { notes: 'x' }));
    expect(world.task(next)).toMatchObject({ due_date: '2027-06-30', due_time: '10:00' });
  });

  it('completed offline counts from when it was done, not from when that was heard of', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id, { completed_local: '2027-05-02T20:00' }));
    expect(world.task(id)).toMatchObject({
      completed_local: '2027-05-02T20:00',
      completed_at: '2027-05-02T20:00:00.000Z',
    });
  });

  it('moved to another zone for once has its successor on the clock of the series', () => {
    const { world, id } = withWeekly();
    world.act(world.op('update', id, { due: { due_time: '09:00', due_zone: 'Europe/Lisbon' } }, { scope: 'series' }));
    world.act(world.op('update', id, { due: { due_zone: 'Asia/Tokyo' } }));
    world.act(world.op('complete', id));
    const next = world.task(id).successor_id as string;
    world.act(world.op('update', next, { notes: 'x' }));
    expect(world.task(next)).toMatchObject({ due_time: '09:00', due_zone: 'Europe/Lisbon' });
  });

  it('paused and resumed later goes on from the first slot that is not past', () => {
    const { world, id } = withWeekly();
    world.act(world.op('update', id, { recurrence: { ...world.task(id).recurrence, paused: true } }));
    world.act(
      world.op('update', id, { recurrence: { ...world.task(id).recurrence, paused: false } }),
      world.moment('2027-06-09'),
    );
    expect(world.task(id)).toMatchObject({ due_date: '2027-06-14', slot: '2027-06-14' });
    expect(world.task(id).recurrence?.paused ?? false).toBe(false);
  });

  it('deleted with scope=this is skipped; deleted whole, its series ends, and restore brings both back', () => {
    const { world, id } = withWeekly();
    world.act(world.op('delete', id, {}, { scope: 'this' }));
    expect(world.task(id)).toMatchObject({ deleted_at: null, due_date: '2027-05-10' });
    world.act(world.op('delete', id));
    expect(() => world.act(world.op('complete', id))).toThrow('deleted');
    world.act(world.op('restore', id));
    expect(world.task(id).recurrence).not.toBeNull();
  });

  it('reopened and completed again has the withdrawn successor again, with its steps', () => {
    const { world, id } = withWeekly();
    world.act(world.op('create', uuid(101), { title: 'step', place: { parent_id: id } }));
    world.act(world.op('complete', id));
    const next = successorId(id, '2027-05-03');
    world.act(world.op('update', next, { notes: 'kept' }));
    const [step] = world.childrenOf(next);
    expect(step).toMatchObject({ title: 'step', status: 'pending' });
    world.act(world.op('reopen', id));
    expect([world.task(next).withdrawn, world.task(step?.id ?? '').withdrawn]).toEqual([true, true]);
    world.act(world.op('complete', id));
    expect(world.task(next)).toMatchObject({ deleted_at: null, withdrawn: false, notes: 'kept' });
    expect(world.task(step?.id ?? '')).toMatchObject({ deleted_at: null, withdrawn: false });
  });

  it('skipped and reopened is where it was, moved by hand or not, and completed it goes on as if never skipped', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id));
    const next = successorId(id, '2027-05-03');
    world.act(world.op('update', next, {}));
    world.act(world.op('update', next, { due: { due_date: '2027-05-11', due_time: '09:00' } }));
    const before = world.task(next);
    const { due_date, due_time, due_zone, slot, missed } = before;
    const skipped = { slot, due: { due_date, due_time, due_zone }, missed };
    world.act(world.op('skip', next));
    expect(world.task(next)).toMatchObject({ slot: '2027-05-17', due_date: '2027-05-17', due_time: null });
    const back = world.op('reopen', next, { skipped });
    world.act(back);
    expect(world.task(next)).toEqual(before);
    expect(world.act(back)).toEqual([]);
    world.act(world.op('complete', next));
    expect(world.task(next).successor_id).toBe(successorId(id, '2027-05-10'));
    expect(() => world.act(back)).toThrow('slot_mismatch');
  });

  it('is not taken back to a slot that is ahead of it, was completed, or is none', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id));
    const next = successorId(id, '2027-05-03');
    world.act(world.op('skip', next));
    const due = { due_date: '2027-05-03', due_time: null, due_zone: null };
    const back =
      (slot: string, more = {}) =>
      () =>
        world.act(world.op('reopen', next, { skipped: { slot, missed: 0, due: { ...due, ...more } } }));
    expect(back('2027-05-24')).toThrow('slot_mismatch');
    expect(back('2027-05-03')).toThrow('slot_mismatch');
    expect(back('2027-05-0X')).toThrow('invalid');
    expect(back('2027-05-10', { due_date: null })).toThrow('invalid');
    expect(back('2027-05-10', { due_zone: 'Europe/Berlin' })).toThrow('invalid');
    back('2027-05-10')();
    expect(world.task(next).slot).toBe('2027-05-10');
  });

  it('reopened after its successor was completed leaves that one alone', () => {
    const { world, id } = withWeekly();
    world.act(world.op('complete', id));
    const next = successorId(id, '2027-05-03');
    world.act(world.op('complete', next));
    world.act(world.op('reopen', id));
    expect(world.task(next)).toMatchObject({ status: 'completed', deleted_at: null });
  });
});

describe('an act', () => {
  it('is all or nothing', () => {
    const world = new Memory();
    const ops = [world.op('create', uuid(7), { title: 'a' }), world.op('create', uuid(8), { title: ' ' })];
    expect(decide(world, world.moment(), ops)).toMatchObject({ ok: false, code: 'invalid' });
    expect(world.rows.size).toBe(0);
  });

  it('that changes nothing makes no change', () => {
    const { world, id } = withWeekly();
    expect(world.act(world.op('update', id, { title: 'Review' }))).toEqual([]);
    expect(world.act(world.op('reopen', id))).toEqual([]);
    expect(world.act(world.op('restore', id))).toEqual([]);
  });

  it('spells a tag as it is spelled, whatever case it is called by', () => {
    const world = new Memory();
    world.act(world.op('create', uuid(7), { title: 'a', tags: { add: ['Bank'] } }));
    world.act(world.op('create', uuid(8), { title: 'b', tags: { add: ['BANK', 'bank'] } }));
    expect(world.task(uuid(8)).tags).toEqual(['Bank']);
    expect(world.of<Tag>('tag')).toHaveLength(1);
  });

  it('takes a sub-task into its parent’s project, and along when that moves', () => {
    const world = new Memory();
    world.act({ ...world.op('create', uuid(50), { name: 'P' }), entity: 'project' });
    world.act(world.op('create', uuid(7), { title: 'parent', place: { project_id: uuid(50) } }));
    world.act(world.op('create', uuid(8), { title: 'child', place: { parent_id: uuid(7) } }));
    expect(world.task(uuid(8)).project_id).toBe(uuid(50));
    world.act(world.op('update', uuid(7), { place: { project_id: null } }));
    expect(world.task(uuid(8)).project_id).toBeNull();
  });
});

describe('a project', () => {
  it('is restored with what went with it, and without what was deleted before, in the same moment', () => {
    const world = new Memory();
    const project = { ...world.op('create', uuid(50), { name: 'House' }), entity: 'project' as const };
    world.act(project);
    for (const n of [51, 52]) {
      const place = { project_id: uuid(50), section_id: null, parent_id: null, position: '' };
      world.act(world.op('create', uuid(n), { title: `task ${n}`, place }));
    }
    world.act(world.op('delete', uuid(51)));
    const whole = (kind: Op['kind']): Op => ({ ...world.op(kind, uuid(50)), entity: 'project' });
    world.act(whole('delete'));
    expect(world.task(uuid(52)).deleted_at).toBe(world.task(uuid(51)).deleted_at);
    world.act(whole('restore'));
    expect(world.task(uuid(52)).deleted_at).toBeNull();
    expect(world.task(uuid(51)).deleted_at).not.toBeNull();
  });
});

describe('changes', () => {
  const ids = [1, 2, 3, 4].map((n) => uuid(n + 200));
  const anyId = fc.constantFrom(...ids);
  const anyOp = fc.oneof(
    fc.record({
      kind: fc.constant('create' as const),
      id: anyId,
      patch: fc.record({
        title: fc.constantFrom('a', 'b'),
        tags: fc.constantFrom({ add: ['x'] }, { add: ['y', 'Z'] }),
        due: fc.constantFrom({ due_date: '2027-05-03' }, { due_date: '2027-05-04', due_time: '09:00' }),
      }),
    }),
    fc.record({
      kind: fc.constant('create' as const),
      id: anyId,
      patch: fc.record({
        title: fc.constant('r'),
        due: fc.constant({ due_date: '2027-05-03' }),
        recurrence: fc.constant(weekly),
      }),
    }),
    fc.record({
      kind: fc.constant('update' as const),
      id: anyId,
      patch: fc.record(
        {
          title: fc.constantFrom('c', 'd'),
          notes: fc.constantFrom('', 'n'),
          priority: fc.constantFrom(null, 'high'),
          tags: fc.constantFrom({ add: ['X'], remove: ['y'] }, { add: [], remove: ['z'] }),
          place: fc.record({ parent_id: fc.option(anyId) }),
        },
        { requiredKeys: [] },
      ),
    }),
    fc.record({
      kind: fc.constantFrom(
        'complete' as const,
        'reopen' as const,
        'delete' as const,
        'restore' as const,
        'skip' as const,
      ),
      id: anyId,
      patch: fc.constant({}),
    }),
  );

  it('replayed give the same rows, and taken back by `before` in turn give the rows before: whatever was done', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 25 }), (list) => {
        const world = new Memory();
        const log: (Change & { at: string })[] = [];
        for (const { kind, id, patch } of list) {
          try {
            log.push(
              ...world
                .act(world.op(kind, id, patch as Op['patch']))
                .map((change) => ({ ...change, at: world.moment().at })),
            );
          } catch (error) {
            expect((error as Error).message).toMatch(/^[a-z_]+$/);
          }
        }
        const replayed = new Map<string, Rows[Entity]>();
        for (const [index, change] of log.entries()) {
          const key = `${change.entity}:${change.entity_id}`;
          const before = replayed.get(key);
          const after = applyChange(change.entity, before as never, { ...change, workspace_id: uuid(2), seq: index });
          replayed.set(key, after);
          if (before && change.before)
            expect(unstamped(applyPatch(change.entity, after, change.before))).toEqual(unstamped(before));
        }
        for (const [key, row] of world.rows) expect(unstamped(replayed.get(key))).toEqual(unstamped(row));
      }),
      { numRuns: 300 },
    );
  });
});

const unstamped = (row: Task | Project | Tag | Reminder | Rows[Entity] | undefined) => ({
  ...row,
  version: 0,
  updated_at: '',
});
