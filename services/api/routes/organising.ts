import { uuid } from '@taskmaster/contracts/fields';
import {
  createProjectSchema,
  createTagSchema,
  listProjectsQuery,
  projectListSchema,
  projectSchema,
  tagListSchema,
  tagSchema,
  updateProjectSchema,
  updateTagSchema,
} from '@taskmaster/contracts/http/organising';
import { historySchema } from '@taskmaster/contracts/http/tasks';
import { orProblem, Problem } from '@taskmaster/contracts/problems';
import { tagId } from '@taskmaster/domain/ids';
import type { Project } from '@taskmaster/domain/task';
import { v7 } from 'uuid';
import { z } from 'zod';
import { type Caller, personalWorkspace } from '../caller.ts';
import { op } from '../ops-from-http.ts';
import { getHistory, homeOf } from '../queries/get-task.ts';
import { getProject, getTag, listProjects, listTags, shownProject } from '../queries/list-organising.ts';
import { enter, type Parts, run } from './route.ts';

const withId = z.object({ id: uuid });

/** Projects and tags. */
export function organisingRoutes(parts: Parts): void {
  projectRoutes(parts);
  tagRoutes(parts);
}

function projectRoutes(parts: Parts): void {
  const { http, runtime } = parts;
  const doc = (summary: string) => ({ summary, tags: ['projects'] });
  const found = async (caller: Caller, id: string) => {
    const project = await getProject(runtime, caller, id);
    if (!project) throw new Problem('not_found');
    return project;
  };

  http.get(
    '/api/projects',
    {
      schema: {
        ...doc('List projects'),
        querystring: listProjectsQuery,
        response: { 200: projectListSchema, ...orProblem },
      },
    },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: (await listProjects(runtime, caller, request.query.status)) as never, next_cursor: null };
    },
  );
  http.post(
    '/api/projects',
    {
      schema: { ...doc('Make a project'), body: createProjectSchema, response: { 201: projectSchema, ...orProblem } },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id = v7(), workspace_id = personalWorkspace(caller), ...patch } = request.body;
      return run(parts, request, reply, caller, {
        workspace_id,
        ops: [op('create', 'project', id, patch)],
        answer: ({ draft }) => ({ status: 201, body: shownProject(draft.get('project', id) as Project) }),
      });
    },
  );
  http.get(
    '/api/projects/:id',
    { schema: { ...doc('One project'), params: withId, response: { 200: projectSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      return (await found(caller, request.params.id)) as never;
    },
  );
  http.patch(
    '/api/projects/:id',
    {
      schema: {
        ...doc('Change a project'),
        params: withId,
        body: updateProjectSchema,
        response: { 200: projectSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const caller = await enter(parts, request, (who) => found(who, id));
      return run(parts, request, reply, caller, {
        workspace_id: await homeOf(runtime, caller, 'project', id),
        ops: [op('update', 'project', id, request.body)],
        answer: ({ draft }) => ({ status: 200, body: shownProject(draft.get('project', id) as Project) }),
      });
    },
  );
  http.delete(
    '/api/projects/:id',
    {
      schema: {
        ...doc('Delete a project with its tasks, in one act'),
        params: withId,
        response: { 204: z.null(), ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id } = request.params;
      return run(parts, request, reply, caller, {
        workspace_id: await homeOf(runtime, caller, 'project', id),
        ops: [op('delete', 'project', id)],
        answer: () => ({ status: 204, body: null }),
      });
    },
  );
  http.post(
    '/api/projects/:id/restore',
    {
      schema: {
        ...doc('Bring a project back, with exactly what went with it'),
        params: withId,
        response: { 200: projectSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id } = request.params;
      return run(parts, request, reply, caller, {
        workspace_id: await homeOf(runtime, caller, 'project', id),
        ops: [op('restore', 'project', id)],
        answer: ({ draft }) => ({ status: 200, body: shownProject(draft.get('project', id) as Project) }),
      });
    },
  );
  http.get(
    '/api/projects/:id/history',
    {
      schema: { ...doc('What happened to a project'), params: withId, response: { 200: historySchema, ...orProblem } },
    },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: await getHistory(runtime, caller, 'project', request.params.id), next_cursor: null };
    },
  );
}

function tagRoutes(parts: Parts): void {
  const { http, runtime } = parts;
  const doc = (summary: string) => ({ summary, tags: ['tags'] });
  const found = async (caller: Caller, id: string) => {
    const tag = await getTag(runtime, caller, id);
    if (!tag) throw new Problem('not_found');
    return tag;
  };

  http.get(
    '/api/tags',
    { schema: { ...doc('List tags'), response: { 200: tagListSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      return { items: (await listTags(runtime, caller)) as never, next_cursor: null };
    },
  );
  http.post(
    '/api/tags',
    {
      schema: {
        ...doc('Make a tag; one of that name already is that tag'),
        body: createTagSchema,
        response: { 201: tagSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { workspace_id = personalWorkspace(caller), ...patch } = request.body;
      const id = tagId(workspace_id, patch.name);
      return run(parts, request, reply, caller, {
        workspace_id,
        ops: [op('create', 'tag', id, patch)],
        answer: ({ draft }) => ({ status: 201, body: draft.get('tag', id) }),
      });
    },
  );
  http.get(
    '/api/tags/:id',
    { schema: { ...doc('One tag'), params: withId, response: { 200: tagSchema, ...orProblem } } },
    async (request) => {
      const caller = await enter(parts, request);
      return (await found(caller, request.params.id)) as never;
    },
  );
  http.patch(
    '/api/tags/:id',
    {
      schema: {
        ...doc('Change a tag; a new name renames it on every task'),
        params: withId,
        body: updateTagSchema,
        response: { 200: tagSchema, ...orProblem },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const caller = await enter(parts, request, (who) => found(who, id));
      const workspace_id = await homeOf(runtime, caller, 'tag', id);
      const now = request.body.name ? tagId(workspace_id, request.body.name) : id;
      return run(parts, request, reply, caller, {
        workspace_id,
        ops: [op('update', 'tag', id, request.body)],
        answer: ({ draft }) => ({ status: 200, body: draft.get('tag', now) }),
      });
    },
  );
  http.delete(
    '/api/tags/:id',
    {
      schema: {
        ...doc('Delete a tag and take it off every task'),
        params: withId,
        response: { 204: z.null(), ...orProblem },
      },
    },
    async (request, reply) => {
      const caller = await enter(parts, request);
      const { id } = request.params;
      return run(parts, request, reply, caller, {
        workspace_id: await homeOf(runtime, caller, 'tag', id),
        ops: [op('delete', 'tag', id)],
        answer: () => ({ status: 204, body: null }),
      });
    },
  );
}
