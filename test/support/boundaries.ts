import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A source file by its path from the project's root. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

interface Rule {
  /** Folders whose files may be imported, besides the folder's own. */
  readonly imports: readonly string[];
  /** Runs in the browser too: no `node:` modules. */
  readonly everywhere?: true;
}

/** The folders are the diagram: who may import whom. A folder that is not listed is a violation. */
export const RULES: Readonly<Record<string, Rule>> = {
  domain: { imports: [], everywhere: true },
  contracts: { imports: ['domain'], everywhere: true },
  db: { imports: ['domain'] },
  runtime: { imports: ['contracts', 'db'] },
  services: { imports: ['domain', 'contracts', 'db', 'runtime'] },
  web: { imports: ['contracts', 'domain'], everywhere: true },
  cli: { imports: ['contracts', 'domain'] },
  bench: { imports: ['domain', 'contracts', 'db', 'runtime', 'services', 'test'] },
  test: { imports: ['domain', 'contracts', 'db', 'runtime', 'services', 'web', 'cli', 'bench'] },
};

const SERVICES = ['api', 'recurring', 'notification', 'sync', 'audit'];
const ADAPTERS = ['dapr', 'embedded'];
const NOT_SOURCES = new Set(['node_modules', 'dist', 'out', '.next', 'generated']);
const ENDINGS = ['', '.ts', '.tsx', '/index.ts', '/index.tsx'];

/** Everything written by hand, in the folders that the rules name. */
export function readSources(root: string): Source[] {
  return Object.keys(RULES).flatMap((folder) => readFolder(root, folder));
}

/** @returns one sentence per violation, none when the boundaries hold */
export function findViolations(sources: readonly Source[]): string[] {
  const graph = importGraph(sources);
  return [
    ...sources.flatMap((source) => foldersCrossed(source, graph)),
    ...siblingsReached(graph),
    ...adaptersSeen(graph),
    ...circles(graph),
  ];
}

function foldersCrossed({ file, text }: Source, graph: Graph): string[] {
  const folder = folderOf(file);
  const rule = RULES[folder];
  if (!rule) return [`${file} lies in ${folder}/, which the rules do not name`];
  const allowed = [folder, ...rule.imports, ...(isTest(file) ? ['test'] : [])];
  const crossed = (graph.get(file) ?? [])
    .filter((target) => !allowed.includes(folderOf(target)))
    .map((target) => `${file} imports ${target}: ${folder} may import ${rule.imports.join(', ') || 'nothing of ours'}`);
  const onNode = rule.everywhere && !isTest(file) && !isSettings(file) ? specifiersOf(text) : [];
  return [
    ...crossed,
    ...onNode
      .filter((specifier) => specifier.startsWith('node:'))
      .map((specifier) => `${file} imports ${specifier}: ${folder} also runs in the browser`),
  ];
}

/** A service knows no sibling, not even by way of files that belong to no service. */
function siblingsReached(graph: Graph): string[] {
  return [...graph.keys()].flatMap((file) => {
    const own = serviceOf(file);
    if (!own || isTest(file)) return [];
    return [...chains(file, graph)]
      .filter(([target, chain]) => ![undefined, own].includes(serviceOf(target)) && !chain.slice(1, -1).some(serviceOf))
      .map(([, chain]) => `${chain.join(' → ')}: the service ${own} may not reach a sibling`);
  });
}

/** How messages travel is chosen by the program: an adapter is seen by itself and by the two files that choose it. */
function adaptersSeen(graph: Graph): string[] {
  return [...graph].flatMap(([file, targets]) =>
    targets.flatMap((target) => {
      const [folder, adapter = ''] = target.split('/');
      if (folder !== 'runtime' || !ADAPTERS.includes(adapter) || isTest(file)) return [];
      const sees =
        file.startsWith(`runtime/${adapter}/`) ||
        /^services\/(single|dapr)\.ts$/.test(file) ||
        ['test', 'bench'].includes(folderOf(file));
      return sees ? [] : [`${file} imports ${target}: only the program chooses an adapter`];
    }),
  );
}

/** One sentence per circle, each circle once. */
function circles(graph: Graph): string[] {
  const done = new Set<string>();
  const found = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      const circle = trail.slice(start);
      const first = circle.indexOf([...circle].sort()[0] ?? '');
      found.add([...circle.slice(first), ...circle.slice(0, first), circle[first]].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of [...graph.keys()].sort()) visit(file, []);
  return [...found].map((circle) => `${circle}: a circle`);
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Type-only imports count as well: whoever reads a file has to know them. */
function importGraph(sources: readonly Source[]): Graph {
  const files = new Set(sources.map(({ file }) => file));
  return new Map(
    sources.map(({ file, text }) => [
      file,
      [...new Set(specifiersOf(text).flatMap((specifier) => resolve(specifier, file, files) ?? []))],
    ]),
  );
}

/** Our own names resolve even when the file is not there, so that a wrong import is judged before it works. */
function resolve(specifier: string, from: string, files: ReadonlySet<string>): string | undefined {
  const place = specifier.startsWith('.')
    ? path.posix.join(path.posix.dirname(from), specifier)
    : specifier.startsWith('@taskmaster/')
      ? specifier.slice('@taskmaster/'.length)
      : specifier.startsWith('@/')
        ? `web/${specifier.slice(2)}`
        : undefined;
  if (place === undefined) return undefined;
  const found = ENDINGS.map((ending) => place + ending).find((candidate) => files.has(candidate));
  return found ?? (specifier.startsWith('@taskmaster/') ? place : undefined);
}

/** Every module named by a static or dynamic import or a re-export. */
export function specifiersOf(text: string): string[] {
  const forms = [
    /^\s*(?:import|export)\b[^'"();=]*?\bfrom\s*['"]([^'"\n]+)['"]/gm,
    /^\s*import\s*['"]([^'"\n]+)['"]/gm,
    /\bimport\s*\(\s*['"`]([^'"`\n]+)['"`]/g,
  ];
  return forms.flatMap((form) => [...text.matchAll(form)].flatMap(([, specifier]) => specifier ?? []));
}

/** Every file that can be reached, with the way there. */
function chains(file: string, graph: Graph): Map<string, readonly string[]> {
  const ways = new Map<string, readonly string[]>([[file, [file]]]);
  for (const [place, way] of ways) {
    for (const target of graph.get(place) ?? []) if (!ways.has(target)) ways.set(target, [...way, target]);
  }
  return ways;
}

function readFolder(root: string, folder: string): Source[] {
  let entries: ReturnType<typeof readEntries>;
  try {
    entries = readEntries(path.join(root, folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NOT_SOURCES.has(entry.name) ? [] : readFolder(root, file);
    return /\.tsx?$/.test(file) && !file.endsWith('.d.ts')
      ? [{ file, text: readFileSync(path.join(root, file), 'utf8') }]
      : [];
  });
}

function readEntries(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}

function folderOf(file: string): string {
  return file.split('/')[0] ?? '';
}

function serviceOf(file: string): string | undefined {
  const [folder, name = ''] = file.split('/');
  return folder === 'services' && SERVICES.includes(name) ? name : undefined;
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$/.test(file) || /-for-tests\.ts$/.test(file);
}

function isSettings(file: string): boolean {
  return /\.config\.[mc]?ts$/.test(file);
}
