import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wireSchemas } from '@taskmaster/contracts/wire';
import { buildOpenApi } from './openapi.ts';

/** `npm run contracts`: writes the generated contracts and the hash of them. Raise the version where old programs break. */
const folder = fileURLToPath(new URL('../contracts/generated', import.meta.url));

export async function contracts(): Promise<Map<string, string>> {
  const files = { ...wireSchemas(), 'openapi.json': await buildOpenApi() };
  return new Map(Object.entries(files).map(([name, json]) => [name, `${JSON.stringify(json, null, 2)}\n`]));
}

export const hashOf = (files: ReadonlyMap<string, string>): string => {
  const hash = createHash('sha256');
  for (const [name, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(name).update('\0').update(text);
  return hash.digest('hex');
};

export const committedWire = (): { version: number; sha256: string } =>
  JSON.parse(readFileSync(join(folder, 'wire.json'), 'utf8'));
export const committedFile = (name: string): string => readFileSync(join(folder, name), 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await contracts();
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const version = Number(process.argv[2] ?? 1);
  writeFileSync(join(folder, 'wire.json'), `${JSON.stringify({ version, sha256: hashOf(files) }, null, 2)}\n`);
  process.stdout.write(`${files.size} contracts written, wire version ${version}\n`);
}
