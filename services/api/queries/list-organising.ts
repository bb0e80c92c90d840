import type { Project, Tag } from '@taskmaster/domain/task';
import type { Runtime } from '@taskmaster/runtime/runtime';
import { statementsOf } from '@taskmaster/runtime/statement';
import { type Caller, callerSettings, workspaceIds } from '../caller.ts';
import { columns } from '../kernel/columns.ts';

const say = statementsOf('tasks');
/** What a caller is shown of a project: which act deleted it is its workspace's own business. */
type ShownProject = Omit<Project, 'deletion_act'>;
const projectColumns = columns.project.filter((column) => column !== 'deletion_act').join(', ');
const projects = say<ShownProject>(
  'list_projects',
  `select ${projectColumns} from tasks.project where workspace_id = any($1::uuid[]) and deleted_at is null order by position, id`,
);
const deletedProjects = say<ShownProject>(
  'list_deleted_projects',
  `select ${projectColumns} from tasks.project where workspace_id = any($1::uuid[]) and deleted_at is not null order by deleted_at desc, id`,
);
const tags = say<Tag>(
  'list_tags',
  `select ${columns.tag.join(', ')} from tasks.tag where workspace_id = any($1::uuid[]) and deleted_at is null order by lower(name), id`,
);
const project = say<ShownProject>(
  'project_of',
  `select ${projectColumns} from tasks.project where workspace_id = any($1::uuid[]) and id = $2`,
);
const tag = say<Tag>(
  'tag_of',
  `select ${columns.tag.join(', ')} from tasks.tag where workspace_id = any($1::uuid[]) and id = $2`,
);
export const shownProject = ({ deletion_act: _act, ...shown }: Project): ShownProject => shown;
type Reader = Pick<Runtime<'tasks'>, 'transact'>;

/** Those that are kept, as the hand has them, or those that are deleted, the latest first. */
export const listProjects = (runtime: Reader, caller: Caller, status?: 'deleted'): Promise<ShownProject[]> =>
  runtime.transact((tx) => tx.query(status === 'deleted' ? deletedProjects : projects, [workspaceIds(caller)]), {
    caller: callerSettings(caller),
    readOnly: true,
  });
export const listTags = (runtime: Reader, caller: Caller): Promise<Tag[]> =>
  runtime.transact((tx) => tx.query(tags, [workspaceIds(caller)]), { caller: callerSettings(caller), readOnly: true });
export const getProject = async (runtime: Reader, caller: Caller, id: string): Promise<ShownProject | undefined> =>
  (
    await runtime.transact((tx) => tx.query(project, [workspaceIds(caller), id]), {
      caller: callerSettings(caller),
      readOnly: true,
    })
  )[0];
export const getTag = async (runtime: Reader, caller: Caller, id: string): Promise<Tag | undefined> =>
  (
    await runtime.transact((tx) => tx.query(tag, [workspaceIds(caller), id]), {
      caller: callerSettings(caller),
      readOnly: true,
    })
  )[0];
