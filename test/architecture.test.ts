import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findViolations, RULES, readSources, type Source, specifiersOf } from './support/boundaries.ts';

const sources = readSources(path.resolve(import.meta.dirname, '..'));

test('there are sources to judge', () => {
  for (const folder of ['domain', 'contracts', 'db', 'runtime', 'services', 'web', 'cli']) {
    expect(sources.filter(({ file }) => file.startsWith(`${folder}/`)).length, folder).toBeGreaterThan(0);
  }
});

test('every import keeps to the boundaries', () => {
  expect(findViolations(sources)).toEqual([]);
});

describe('the guard bites', () => {
  test.each([
    ['domain imports nothing of ours', 'domain/task.ts', '@taskmaster/contracts/events/event'],
    ['domain runs in the browser too', 'domain/task.ts', 'node:crypto'],
    ['contracts run in the browser too', 'contracts/problems.ts', 'node:fs'],
    ['contracts do not know the runtime', 'contracts/problems.ts', '@taskmaster/runtime/runtime'],
    ['db does not know the services', 'db/migrate.ts', '../services/config.ts'],
    ['the runtime does not know the services', 'runtime/runtime.ts', '@taskmaster/services/config'],
    ['the page does not know the server', 'web/app/page.tsx', '@taskmaster/db/migrate'],
    ['a service imports no sibling', 'services/sync/service.ts', '../api/service.ts'],
    [
      'a service imports no sibling by its package name',
      'services/sync/service.ts',
      '@taskmaster/services/api/service',
    ],
    [
      'a service does not choose an adapter',
      'services/sync/service.ts',
      '@taskmaster/runtime/embedded/embedded-adapter',
    ],
    [
      'what starts services is given an adapter',
      'services/start-services.ts',
      '@taskmaster/runtime/embedded/embedded-adapter',
    ],
    ['the product does not import tests', 'services/config.ts', '../test/support/browser.ts'],
  ])('%s', (_, file, specifier) => {
    expect(violationsWith({ file, text: `import { x } from '${specifier}';` })).toEqual([
      expect.stringContaining(file),
    ]);
  });

  test.each([
    ['an import of a type', `import type { X } from '@taskmaster/db/migrate';`],
    ['an import over several lines', `import {\n  one,\n  type Two,\n} from "@taskmaster/db/migrate";`],
    ['an import for its effect', `import '@taskmaster/db/migrate';`],
    ['an import when needed', `const x = await import('@taskmaster/db/migrate');`],
    ['a re-export', `export { migrate } from '@taskmaster/db/migrate';`],
    ['a re-export of all', `export * from '@taskmaster/db/migrate';`],
  ])('%s counts', (_, text) => {
    expect(specifiersOf(text)).toEqual(['@taskmaster/db/migrate']);
    expect(violationsWith({ file: 'domain/x.ts', text })).toHaveLength(1);
  });

  test('a sibling behind another file is reached all the same', () => {
    const violations = findViolations([
      { file: 'services/sync/service.ts', text: `import { x } from '../http/bridge.ts';` },
      { file: 'services/http/bridge.ts', text: `import { x } from '../api/service.ts';` },
      { file: 'services/api/service.ts', text: '' },
    ]);
    expect(violations).toEqual([expect.stringMatching(/sync.*bridge.*api.*sibling/)]);
  });

  test('a circle is found, once, however long', () => {
    const violations = findViolations([
      { file: 'domain/one.ts', text: `import { x } from './two.ts';` },
      { file: 'domain/two.ts', text: `import { x } from './three.ts';` },
      { file: 'domain/three.ts', text: `import type { X } from './one.ts';` },
    ]);
    expect(violations).toEqual(['domain/one.ts → domain/two.ts → domain/three.ts → domain/one.ts: a circle']);
  });

  test('tests may use what tests share', () => {
    const text = `import { freshDatabase } from '../test/support/fresh-database.ts';`;
    expect(violationsWith({ file: 'db/x.pg.test.ts', text })).toEqual([]);
  });

  test('a folder that nobody named is a violation', () => {
    expect(Object.keys(RULES)).not.toContain('extras');
    expect(findViolations([{ file: 'extras/x.ts', text: '' }])).toHaveLength(1);
  });
});

/** What a file would add to the sources as they are. */
function violationsWith(added: Source): string[] {
  const others = sources.filter(({ file }) => file !== added.file);
  const before = new Set(findViolations(others));
  return findViolations([...others, added]).filter((violation) => !before.has(violation));
}
