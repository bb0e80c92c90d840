import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** libfaketime for programs with threads, where distributions put it; undefined where it is not installed. */
export function findFaketime(): string | undefined {
  const libraries = ['/usr/lib', '/usr/lib64', '/usr/local/lib'].filter(existsSync);
  return libraries
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => path.join(folder, name))])
    .map((folder) => path.join(folder, 'faketime/libfaketimeMT.so.1'))
    .find(existsSync);
}
