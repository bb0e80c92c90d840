import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { activeUsers, idleSockets } from './crowd.ts';
import { deviceToDevice, offlinePush } from './devices.ts';
import { type Figure, tableOf } from './figures.ts';
import { fill } from './fill.ts';
import { lists, searches } from './lists.ts';
import { machine } from './machine.ts';
import { rawSql } from './raw-sql.ts';
import { remindersAtOnce } from './reminders.ts';
import { bytesOfATask } from './size.ts';
import { openStackPlace } from './stack-place.ts';
import { stages } from './stages.ts';
import { openStand } from './stand.ts';
import { idleMemory, starts } from './starts.ts';
import { throughput } from './throughput.ts';
import { effects, writesOfManyClients, writesOfOneClient } from './writes.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    prof: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const seconds = Number(values.seconds ?? (values.quick ? 10 : 60));
const beside = values.quick ? 100_000 : 1_000_000;
const PARTS = [
  'start',
  'one',
  'many',
  'hot',
  'push',
  'effect',
  'device',
  'stages',
  'list',
  'bytes',
  'reminders',
  'crowd',
] as const;
const wanted = (part: (typeof PARTS)[number]) => values.only === undefined || values.only.includes(part);
for (const part of values.only ?? [])
  if (!(PARTS as readonly string[]).includes(part)) throw new Error(`--only takes ${PARTS.join(', ')}`);

const figures: Figure[] = [];
const add = (...found: Figure[]) => {
  figures.push(...found);
  for (const figure of found) console.log(`${figure.what}: ${figure.value}`);
};

if (positionals[0] === 'distributed') {
  const place = await openStackPlace();
  try {
    for (const perSecond of [30, 100])
      if (wanted('effect')) add(await effects(place, seconds, perSecond, { p50: 25, p99: 150 }));
    if (wanted('device')) add(await deviceToDevice(place, Math.min(seconds, 30), 250));
    if (wanted('many')) {
      add(...(await throughput(place, seconds, { changesARequest: 1 })));
      add(...(await throughput(place, seconds, { changesARequest: 10, changesASecond: 1_050 })));
      add(...(await throughput(place, seconds, { changesARequest: 10 })));
    }
  } finally {
    await place.end();
  }
  if (wanted('stages')) add(...(await stages(Math.min(seconds, 30))));
} else await alone();

async function alone(): Promise<void> {
  const stand = await openStand(
    values.prof === undefined ? {} : { node: ['--cpu-prof', `--cpu-prof-dir=${path.resolve(values.prof)}`] },
  );
  try {
    if (wanted('start'))
      add(...(await starts(stand, stand.firstStart, 5)), await idleMemory(stand, values.quick ? 10 : 30));
    if (wanted('one')) add(...(await writesOfOneClient(stand, seconds)));
    if (wanted('many')) {
      const { figure, perSecond } = await writesOfManyClients(stand, seconds, 32);
      add(figure, await rawSql(stand, Math.min(seconds, 30), perSecond));
    }
    if (wanted('hot')) add((await writesOfManyClients(stand, seconds, 1)).figure);
    if (wanted('push')) add(await offlinePush(stand, values.quick ? 5_000 : 20_000));
    if (wanted('effect')) add(await effects(stand, seconds, 300, { p99: 25 }));
    if (wanted('device')) add(await deviceToDevice(stand, Math.min(seconds, 30), 50));
    if (wanted('list')) {
      const people = await stand.people(6);
      await fill(stand, people, beside);
      const [person] = people;
      add(...(await searches(stand, people)));
      if (person) add(...(await lists(stand, person, beside)));
    }
    if (wanted('bytes')) add(await bytesOfATask(stand, await stand.person(), values.quick ? 1_000 : 10_000));
    if (wanted('reminders')) add(await remindersAtOnce(stand, await stand.people(20), values.quick ? 1_000 : 10_000));
    if (wanted('crowd')) {
      const people = await stand.people(values.quick ? 100 : 500);
      add(await activeUsers(stand, people, seconds), await idleSockets(stand, people, values.quick ? 1_000 : 10_000));
    }
  } finally {
    await stand.end();
  }
}

const about = { ...machine(), seconds, quick: values.quick, beside };
console.log(
  `\n${Object.entries(about)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')}, RATE_LIMIT off\n\n${tableOf(figures)}`,
);
if (figures.some((figure) => (figure.others ?? 0) > 0.1))
  console.log(
    '\nThe machine was busy with other things (more than 10 % of its processors): measure again when it is quiet.',
  );
if (values.write && values.only === undefined) {
  const at = new Date().toISOString();
  const file = path.join(
    import.meta.dirname,
    'results',
    `${at.slice(0, 10)}-${about.commit}${positionals[0] ? `-${positionals[0]}` : ''}.json`,
  );
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at, about, figures }, null, 2)}\n`);
  console.log(`\nWritten to ${path.relative(process.cwd(), file)}`);
}
