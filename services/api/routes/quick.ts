import { setImmediate } from 'node:timers/promises';
import { name } from '@taskmaster/contracts/fields';
import {
  createTaskSchema,
  parseAnswerSchema,
  previewAnswerSchema,
  previewSchema,
  quickAnswerSchema,
  quickSchema,
} from '@taskmaster/contracts/http/tasks';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import type { Op } from '@taskmaster/domain/commands/world';
import { projectNamed } from '@taskmaster/domain/project-named';
import { type ParsedTask, parseQuickAdd, splitLines } from '@taskmaster/domain/quick-add/parse';
import { labelOf } from '@taskmaster/domain/recurrence/label';
import { preview } from '@taskmaster/domain/recurrence/preview';
import { normaliseRecurrence } from '@taskmaster/domain/recurrence/rule';
import type { Task } from '@taskmaster/domain/task';
import { v7 } from 'uuid';
import type { Authenticated } from '../auth/authenticate.ts';
import { momentOf, personalWorkspace } from '../caller.ts';
import { op, reminderOps, tagsPatch } from '../ops-from-http.ts';
import { presentTask } from '../present-task.ts';
import { listProjects } from '../queries/list-organising.ts';
import { enter, type Parts, run } from './route.ts';

const MOST_LINES = 200;

/** Plain language in, tasks out: the same parser as the page's. */
export function quickRoutes(parts: Parts): void {
  const { http, runtime } = parts;

  http.post(
    '/api/tasks/quick',
    {
      schema: {
        summary: 'Make tasks from plain language, one a line',
        tags: ['tasks'],
        body: quickSchema,
        response: { 201: quickAnswerSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const workspace_id = personalWorkspace(caller);
      const lines = await parsed(request.body.text, caller);
      const projects = await listProjects(runtime, caller);
      const ids: string[] = [];
      const ops = lines.flatMap((line) => {
        const id = v7();
        ids.push(id);
        return opsOfLine(line, id, request.body.project_id ?? null, projects);
      });
      return run(parts, request, reply, caller, {
        workspace_id,
        ops,
        answer: ({ draft }) => ({
          status: 201,
          body: {
            items: ids.map((id) => presentTask(draft.get('task', id) as Task, draft.remindersOf(id), caller.settings)),
          },
        }),
      });
    },
  );

  http.post(
    '/api/tasks/quick/parse',
    {
      schema: {
        summary: 'What plain language means; writes nothing',
        tags: ['tasks'],
        body: quickSchema,
        response: { 200: parseAnswerSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: (await parsed(request.body.text, caller)) as never };
    },
  );

  http.post(
    '/api/recurrence/preview',
    {
      schema: {
        summary: 'The next dates of a repeat',
        tags: ['tasks'],
        body: previewSchema,
        response: { 200: previewAnswerSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      const { recurrence, due_date, count } = request.body;
      const due = { due_date, due_time: request.body.due_time ?? null, due_zone: request.body.due_zone ?? null };
      const normal = normaliseRecurrence(recurrence, due, due_date);
      if (!normal.ok)
        throw new Problem('invalid', undefined, [{ ...normal.problem, path: `recurrence.${normal.problem.path}` }]);
      return {
        label: labelOf(normal.recurrence, due.due_time ?? undefined),
        occurrences: preview(normal.recurrence, due, caller.settings.time_zone, count),
      };
    },
  );
}

/** A line takes some milliseconds to read: between two of them others get their turn. */
async function parsed(text: string, caller: Authenticated): Promise<ParsedTask[]> {
  const lines = splitLines(text);
  if (lines.length === 0) throw new Problem('invalid', undefined, [{ path: 'text', message: 'Holds no words.' }]);
  if (lines.length > MOST_LINES) throw new Problem('too_many', `At most ${MOST_LINES} lines at once.`);
  const moment = momentOf(caller, '', new Date());
  const context = {
    today: moment.today,
    now: moment.time,
    zone: moment.time_zone,
    week_start: caller.settings.week_start,
    locale: caller.settings.locale,
  };
  const read: ParsedTask[] = [];
  for (const line of lines) {
    read.push(parseQuickAdd(line, context));
    await setImmediate();
  }
  return read;
}

/** One line: the project it names (made if there is none of that name), the task, its reminders. */
function opsOfLine(
  line: ParsedTask,
  id: string,
  projectId: string | null,
  projects: { id: string; name: string; created_at: string }[],
): Op[] {
  const ops: Op[] = [];
  let project = projectId;
  if (line.project !== null) {
    const wanted = line.project;
    let known = projectNamed(projects, wanted);
    if (!known) {
      known = { id: v7(), name: wanted, created_at: '' };
      projects.push(known);
      ops.push(op('create', 'project', known.id, { name: wanted }));
    }
    project = known.id;
  }
  const fields = createTaskSchema.shape;
  for (const [path, schema] of [
    ['title', fields.title],
    ['notes', fields.notes],
    ['tags', fields.tags],
    ['project', name.optional()],
  ] as const) {
    const read = schema.safeParse(line[path] ?? undefined);
    if (!read.success)
      throw new Problem('invalid', undefined, [{ path, message: read.error.issues[0]?.message ?? 'Not valid.' }]);
  }
  const patch = {
    title: line.title,
    notes: line.notes,
    priority: line.priority,
    due: { due_date: line.due_date, due_time: line.due_time, due_zone: line.due_zone },
    place: { project_id: project, position: '' },
    tags: tagsPatch(line.tags, undefined),
    ...(line.recurrence ? { recurrence: line.recurrence } : {}),
  };
  ops.push(op('create', 'task', id, patch));
  if (line.reminders.length > 0) {
    ops.push(
      ...reminderOps(
        id,
        line.reminders.map((one) =>
          'at' in one ? { minutes_before: null, at: one.at } : { minutes_before: one.minutes_before, at: null },
        ),
      ),
    );
  }
  return ops;
}
