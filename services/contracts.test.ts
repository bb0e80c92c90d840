import { describe, expect, it } from 'vitest';
import { committedFile, committedWire, contracts, hashOf } from './generate-contracts.ts';

describe('the wire', () => {
  it('is what is committed: a change of it needs `npm run contracts`, and a new version where old programs break', async () => {
    const files = await contracts();
    for (const [name, text] of files) expect(committedFile(name), `contracts/generated/${name} is stale`).toBe(text);
    expect(committedWire().sha256).toBe(hashOf(files));
  });

  it('hashes differently when any schema changes', async () => {
    const files = await contracts();
    const changed = new Map(files).set(
      'sync/push.schema.json',
      (files.get('sync/push.schema.json') ?? '').replace('"ops"', '"edits"'),
    );
    expect(hashOf(changed)).not.toBe(hashOf(files));
  });

  it('is described as OpenAPI 3.1 with at least twenty paths, each answer that fails a problem', async () => {
    const openapi = JSON.parse((await contracts()).get('openapi.json') ?? '{}');
    expect(openapi.openapi).toMatch(/^3\.1/);
    expect(Object.keys(openapi.paths).length).toBeGreaterThanOrEqual(20);
    expect(openapi.paths['/api/tasks'].post.responses.default.content).toHaveProperty(['application/problem+json']);
  });
});
