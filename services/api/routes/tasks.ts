import { uuid } from '@taskmaster/contracts/fields';
import {
  completeSchema,
  createTaskSchema,
  historySchema,
  listTasksQuery,
  scopeQuery,
  snoozeSchema,
  taskListSchema,
  taskSchema,
  updateTaskSchema,
} from '@taskmaster/contracts/http/tasks';
import { orProblem } from '@taskmaster/contracts/problems';
import type { Draft, Op, World } from '@taskmaster/domain/commands/world';
import type { Task } from '@taskmaster/domain/task';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { v7 } from 'uuid';
import { z } from 'zod';
import type { Authenticated } from '../auth/authenticate.ts';
import { personalWorkspace } from '../caller.ts';
import { op, reminderOps, remindersAsked, tagsPatch, taskPatch } from '../ops-from-http.ts';
import { presentTask } from '../present-task.ts';
import { getHistory, getTask, homeOf } from '../queries/get-task.ts';
import { listTasks } from '../queries/list-tasks.ts';
import { enter, type Parts, run, versionWanted } from './route.ts';

/** Tasks: list, make, read, change, complete, and what happened to them; also under `/api/{user_id}/tasks`. */
export function taskRoutes(parts: Parts): void {
  for (const prefix of ['/api/tasks', '/api/:user_id/tasks']) mount(parts, prefix, prefix.includes(':'));
}

function mount(parts: Parts, prefix: string, hide: boolean): void {
  const { http, runtime } = parts;
  const doc = (summary: string) => ({ summary, tags: ['tasks'], hide });
  const alias = hide ? { user_id: uuid } : {};
  const owner = z.object(alias);
  const withId = z.object({ id: uuid, ...alias });

  const list = { querystring: listTasksQuery, params: owner, response: { 200: taskListSchema, ...orProblem } };
  for (const path of hide ? [prefix, `${prefix}/search`] : [prefix]) {
    http.get(path, { schema: { ...doc('List tasks, filtered and sorted'), ...list } }, async (request) => {
      const caller = await enter(parts, request);
      return listTasks(runtime, caller, request.query);
    });
  }

  http.post(
    prefix,
    {
      schema: {
        ...doc('Make a task'),
        body: createTaskSchema,
        params: owner,
        response: { 201: taskSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { body } = request;
      const workspace = body.workspace_id ?? personalWorkspace(caller);
      const id = body.id ?? v7();
      const patch = { ...taskPatch(body, caller), ...(body.tags ? { tags: tagsPatch(body.tags, undefined) } : {}) };
      const asked = remindersAsked(body);
      const ops = [op('create', 'task', id, patch), ...(asked ? reminderOps(id, asked) : [])];
      return run(parts, request, reply, caller, {
        workspace_id: workspace,
        ops,
        answer: (outcome) => ({ status: 201, body: shown(outcome.draft, id, caller) }),
      });
    },
  );

  http.get(
    `${prefix}/:id`,
    { schema: { ...doc('One task'), params: withId, response: { 200: taskSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      return getTask(runtime, caller, request.params.id);
    },
  );

  http.patch(
    `${prefix}/:id`,
    {
      schema: {
        ...doc('Change the fields that are sent'),
        params: withId,
        querystring: scopeQuery,
        body: updateTaskSchema,
        response: { 200: taskSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const caller = await enter(parts, request, (who) => getTask(runtime, who, id));
      const { body } = request;
      const asked = remindersAsked(body);
      const change = (tags?: { add: string[]; remove: string[] }): Op =>
        op('update', 'task', id, { ...taskPatch(body, caller), ...(tags ? { tags } : {}) }, request.query.scope);
      // Tags and reminders are set against what is there under the lock, whoever else sets them now.
      const settle = (world: World): Op[] => {
        const task = world.get('task', id);
        const ops = [change(body.tags ? tagsPatch(body.tags, task) : undefined)];
        if (!asked) return ops;
        const there = [...world.remindersOf(id), ...(task?.series_id ? world.remindersOf(task.series_id) : [])];
        const old = new Set(there.filter((reminder) => reminder.deleted_at === null).map((reminder) => reminder.id));
        return [...ops, ...[...old].map((reminder) => op('delete', 'reminder', reminder)), ...reminderOps(id, asked)];
      };
      const ops = [change(body.tags ? tagsPatch(body.tags, undefined) : undefined)];
      return act(parts, request, reply, caller, id, ops, settle);
    },
  );

  http.delete(
    `${prefix}/:id`,
    {
      schema: {
        ...doc('Delete a task; restore brings it back'),
        params: withId,
        querystring: scopeQuery,
        response: { 204: z.null(), ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id } = request.params;
      const version = versionWanted(request);
      return run(parts, request, reply, caller, {
        workspace_id: await homeOf(runtime, caller, 'task', id),
        ops: [op('delete', 'task', id, {}, request.query.scope)],
        ...(version === undefined ? {} : { match: { entity: 'task' as const, id, version } }),
        answer: () => ({ status: 204, body: null }),
      });
    },
  );

  const acts = [
    ['complete', completeSchema, 'Complete a task, with its open sub-tasks'],
    ['reopen', z.strictObject({}).nullish(), 'Take a completion back'],
    ['skip', z.strictObject({}).nullish(), 'Move a repeating task to its next slot'],
    ['restore', z.strictObject({}).nullish(), 'Bring a deleted task back'],
    ['snooze', snoozeSchema, 'Be reminded once more, later'],
  ] as const;
  for (const [kind, body, summary] of acts) {
    http.post(
      `${prefix}/:id/${kind}`,
      {
        schema: { ...doc(summary), params: withId, body, response: { 200: taskSchema, ...orProblem } },
      },
      async (request, reply) => {
        const { id } = request.params;
        const caller = await enter(parts, request, (who) => getTask(runtime, who, id));
        return act(parts, request, reply, caller, id, [
          op(kind, 'task', id, (request.body as Op['patch'] | null | undefined) ?? {}),
        ]);
      },
    );
  }
  if (hide) {
    http.patch(
      `${prefix}/:id/complete`,
      {
        schema: {
          ...doc('Complete a task'),
          params: withId,
          body: completeSchema,
          response: { 200: taskSchema, ...orProblem },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const caller = await enter(parts, request, (who) => getTask(runtime, who, id));
        return act(parts, request, reply, caller, id, [op('complete', 'task', id, request.body ?? {})]);
      },
    );
  }

  http.get(
    `${prefix}/:id/history`,
    {
      schema: {
        ...doc('Who changed what, when and through what'),
        params: withId,
        response: { 200: historySchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: await getHistory(runtime, caller, 'task', request.params.id), next_cursor: null };
    },
  );
}

async function act(
  parts: Parts,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Authenticated,
  id: string,
  ops: Op[],
  settle?: (world: World) => Op[],
): Promise<FastifyReply> {
  const version = versionWanted(request);
  return run(parts, request, reply, caller, {
    workspace_id: await homeOf(parts.runtime, caller, 'task', id),
    ops,
    ...(settle ? { settle } : {}),
    ...(version === undefined ? {} : { match: { entity: 'task' as const, id, version } }),
    answer: ({ draft }) => ({ status: 200, body: shown(draft, id, caller) }),
  });
}

function shown(draft: Draft, id: string, caller: Authenticated) {
  const task = draft.get('task', id) as Task;
  const reminders = [...draft.remindersOf(id), ...(task.series_id ? draft.remindersOf(task.series_id) : [])];
  return presentTask(task, [...new Map(reminders.map((one) => [one.id, one])).values()], caller.settings);
}
