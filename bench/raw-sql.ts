import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { migrate } from '@taskmaster/db/migrate';
import pg from 'pg';
import { columns } from '../services/api/kernel/columns.ts';
import * as sql from '../services/api/kernel/statements.ts';
import { type Figure, round } from './figures.ts';
import { watchOthers } from './machine.ts';
import type { Stand } from './stand.ts';

const CLIENTS = 32;
const DATABASE = 'bench_raw';

/** The statements of one creation, one after the other, without a program between: what the database could do at most. */
export async function rawSql(stand: Stand, seconds: number, ours: number): Promise<Figure> {
  const must = '≥ 0.4 × raw SQL';
  const what = `raw SQL, ${CLIENTS} clients (pgbench)`;
  if (!onPath())
    return { what, value: 'not measured: pgbench is not on PATH', spread: '', must, reached: undefined, numbers: {} };
  // A database of its own on the same server: the program would relay what is written here.
  await stand.database.query(`create database ${DATABASE}`);
  const connection = { ...stand.program.connection, database: DATABASE };
  await migrate(connection);
  await makeWorkspaces(connection);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-raw-'));
  try {
    const file = path.join(folder, 'create.sql');
    writeFileSync(file, script());
    const others = watchOthers();
    const { host, user, port } = connection;
    const env = {
      PGOPTIONS: '-c role=taskmaster_api -c timezone=UTC -c jit=off',
      PGUSER: user,
      PGPORT: String(port),
      PGHOST: host,
    };
    const words = [
      '-n',
      '-M',
      'prepared',
      '-c',
      String(CLIENTS),
      '-j',
      '2',
      '-T',
      String(seconds),
      '-f',
      file,
      DATABASE,
    ];
    const output = await run('pgbench', words, env);
    const share = others();
    const perSecond = Number(/tps = ([\d.]+)/.exec(output)?.[1]);
    const ratio = ours / perSecond;
    return {
      what,
      value: `${round(perSecond)}/s; the program does ${ratio.toFixed(2)} × that`,
      spread: '',
      must,
      reached: ratio >= 0.4,
      ...(share === undefined ? {} : { others: share }),
      numbers: { per_second: perSecond, ratio },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await stand.database.query(`drop database ${DATABASE} with (force)`);
  }
}

function onPath(): boolean {
  try {
    execFileSync('pgbench', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const SPACE = `md5('raw' || :client_id)::uuid`;

async function makeWorkspaces(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection);
  await client.connect();
  await client
    .query(`
      insert into tasks.workspace (id, kind, name, owner_id, created_at, updated_at)
        select md5('raw' || n)::uuid, 'personal', 'raw', md5('raw' || n)::uuid, now(), now() from generate_series(0, ${CLIENTS - 1}) n;
      insert into tasks.member (workspace_id, user_id, role)
        select md5('raw' || n)::uuid, md5('raw' || n)::uuid, 'owner' from generate_series(0, ${CLIENTS - 1}) n;`)
    .finally(() => client.end());
}

/**
 * The kernel's own statements with values in place of parameters. The rows are made by the server, which a program would
 * send as JSON: the log's and the task's row go in by VALUES.
 */
function script(): string {
  const fill = (text: string, ...values: string[]) =>
    values.reduce((filled, value, index) => filled.replaceAll(`$${index + 1}`, () => value), text);
  const task: Record<string, string> = {
    workspace_id: SPACE,
    id: `md5(:client_id || 'task' || :head)::uuid`,
    version: ':head + 1',
    title: `'word' || (:head % 1000) || ' of a task'`,
    position: `'a' || lpad((:head)::text, 8, '0')`,
    tags: `'{}'`,
    status: `'pending'`,
    notes: `''`,
    missed: '0',
    withdrawn: 'false',
    created_at: 'now()',
    updated_at: 'now()',
  };
  const set = columns.task.filter((column) => !['id', 'workspace_id', 'created_at'].includes(column));
  const patch = `jsonb_build_object('title', 'word' || (:head % 1000), 'notes', '', 'status', 'pending', 'place', jsonb_build_object('project_id', null, 'position', 'a0'), 'due', jsonb_build_object('due_date', null, 'due_time', null, 'due_zone', null))`;
  const lines = [
    'begin;',
    `select set_config('app.user_id', ${SPACE}::text, true), set_config('app.workspaces', '{' || ${SPACE} || '}', true);`,
    `${fill(sql.lockWorkspace.text, SPACE)} \\gset`,
    `${fill(sql.readMember.text, SPACE, SPACE)};`,
    `${fill(sql.tasksById.text, SPACE, `array[md5(:client_id || 'task' || :head)::uuid]`)};`,
    `${fill(sql.lastPositionInInbox.text, SPACE)};`,
    `with moved as (update tasks.workspace set head = :head + 1, head_op = gen_random_uuid(), moved_at = clock_timestamp() where id = ${SPACE})
     insert into tasks.change (workspace_id, seq, set_id, set_index, set_size, act_id, op, actor, user_id, via, entity, entity_id, kind, patch, meta, at)
     values (${SPACE}, :head + 1, gen_random_uuid(), 0, 1, gen_random_uuid(), gen_random_uuid(), '{"kind":"user","id":"x"}', ${SPACE}, 'raw', 'task', ${task.id}, 'created', ${patch}, '{"acl_version":1,"correlation_id":"x"}', now());`,
    `insert into tasks.task (${columns.task.join(', ')}) values (${columns.task.map((column) => task[column] ?? 'null').join(', ')})
     on conflict (workspace_id, id) do update set ${set.map((column) => `${column} = excluded.${column}`).join(', ')};`,
    `${fill(sql.addWords.text, SPACE, `jsonb_build_array(jsonb_build_object('task_id', ${task.id}, 'word', 'word' || (:head % 1000), 'field', 0), jsonb_build_object('task_id', ${task.id}, 'word', 'task', 'field', 0), jsonb_build_object('task_id', ${task.id}, 'word', 'of', 'field', 0))`)};`,
    'commit;',
  ];
  return `${lines.map((line) => line.replace(/\s*\n\s*/g, ' ')).join('\n')}\n`;
}

function run(program: string, words: readonly string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 && !/aborted|ERROR/.test(output)
        ? resolve(output)
        : reject(new Error(`${program}: ${output.slice(-2_000)}`)),
    );
  });
}
