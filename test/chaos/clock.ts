import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findFaketime } from '../support/faketime.ts';

/** A clock of its own for a program and its database; the machine's is left alone. */
export interface Clock {
  /** Of every start of the program. */
  readonly env: Readonly<{ [name: string]: string }>;
  /** Milliseconds, as the program sees them within a second of `set`. */
  now(): number;
  /** Moves it to an instant; from there it goes on. */
  set(to: number): void;
  remove(): void;
}

export const canMoveClocks = findFaketime() !== undefined;

/**
 * By libfaketime (https://github.com/wolfcw/libfaketime): what a wall clock shows is moved, what measures spans is not, as when
 * somebody sets a machine's clock.
 */
export function makeClock(): Clock {
  const library = findFaketime();
  if (!library) throw new Error('libfaketime is not there.');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tm-clock-'));
  // The database runs as another user.
  chmodSync(folder, 0o711);
  const file = path.join(folder, 'offset');
  const moved = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DISABLE_SHM: '1',
    NO_FAKE_STAT: '1',
  };
  let offset = 0;
  const write = () => writeFileSync(file, `${offset < 0 ? '-' : '+'}${Math.abs(offset) / 1000}\n`, { mode: 0o644 });
  write();
  // The launcher gives its server a clean environment: what starts the server puts the clock back into it.
  const real = ['/usr/bin/setpriv', '/bin/setpriv'].find(existsSync) ?? 'setpriv';
  const exports = Object.entries(moved).map(([name, value]) => `export ${name}='${value}'`);
  writeFileSync(path.join(folder, 'setpriv'), `#!/bin/sh\n${exports.join('\n')}\nexec ${real} "$@"\n`, { mode: 0o755 });
  return {
    env: { ...moved, PATH: `${folder}${path.delimiter}${process.env.PATH}` },
    now: () => Date.now() + offset,
    set(to) {
      offset = Math.round((to - Date.now()) / 1000) * 1000;
      write();
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
