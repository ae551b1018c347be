// Stands between the program and node:fs for everything below one folder: each call that changes something
// is an effect, is noted until an fsync makes it safe, and stops or fails where the test wants it. A call
// that changes files in a way this file doesn't know is an error, so that no effect goes uncounted.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname } from 'node:path';
import type { Effects } from './effects.js';
import { inodeOf, type Unsynced } from './unsynced.js';

const real = { ...fs };
/** Puts each replaced function back. */
let restorers: (() => void)[] = [];

export interface Tap {
  readonly root: string;
  readonly effects: Effects;
  readonly unsynced: Unsynced;
  /** A planted fault: fsync of these paths says it is done and does nothing. */
  readonly skipsFsync?: ((path: string) => boolean) | undefined;
}

let tap: Tap | null = null;
/** Descriptors opened below the root, with their path at that time. */
const opened = new Map<number, string>();

/** Runs `work` with every change below `next.root` counted. One tap at a time. */
export async function tapped<T>(next: Tap, work: () => Promise<T>): Promise<T> {
  if (tap !== null) throw new Error('the file system is tapped already');
  tap = next;
  install();
  try {
    return await work();
  } finally {
    for (const descriptor of opened.keys()) real.closeSync(descriptor);
    opened.clear();
    tap = null;
    for (const restore of restorers) restore();
    restorers = [];
    syncBuiltinESMExports();
  }
}

/** Takes back what a power cut would, in a tree that is no longer tapped. */
export function powerCut({ unsynced, root }: Tap): void {
  unsynced.cut(root);
}

function install(): void {
  const ours = replacements();
  for (const name of Object.keys(ours) as (keyof typeof ours)[]) replace(fs, name, ours[name]);
  for (const name of [
    'appendFile',
    'chmod',
    'copyFile',
    'link',
    'mkdir',
    'rename',
    'rm',
    'rmdir',
    'truncate',
    'unlink',
    'utimes',
    'writeFile',
  ] as const)
    refuse(fs.promises, name);
  for (const name of [
    'appendFile',
    'appendFileSync',
    'copyFile',
    'createWriteStream',
    'ftruncate',
    'ftruncateSync',
    'link',
    'mkdir',
    'rename',
    'rm',
    'rmSync',
    'rmdir',
    'truncate',
    'truncateSync',
    'unlink',
    'utimes',
    'write',
    'writeFile',
    'writev',
    'writevSync',
    'symlinkSync',
  ] as const)
    refuse(fs, name);
  syncBuiltinESMExports();
}

function refuse<K extends string>(owner: { [key in K]: unknown }, name: K): void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  replace(owner, name, (...args: unknown[]) => {
    const [first] = args;
    if (within(first) || (typeof first === 'number' && opened.has(first)))
      throw new Error(`the crash harness does not know fs.${name}: teach it`);
    return original(...args);
  });
}

function replace<K extends string>(owner: { [key in K]: unknown }, name: K, ours: unknown): void {
  const original = owner[name];
  owner[name] = ours;
  restorers.push(() => {
    owner[name] = original;
  });
}

function replacements() {
  return {
    openSync(path: string, flags: string | number = 'r', mode?: number) {
      if (!within(path)) return real.openSync(path, flags, mode);
      const writes = typeof flags === 'string' && /[wa+]/.test(flags);
      if (!writes) return remember(real.openSync(path, flags, mode), path);
      return effect('open', path, ({ unsynced }) => {
        const before = inodeOf(path);
        const descriptor = remember(real.openSync(path, flags, mode), path);
        if (typeof flags === 'string' && flags.startsWith('a')) unsynced.appends(path, before === null);
        else if (before === null) unsynced.created(path);
        else unsynced.wrote(before);
        return descriptor;
      });
    },
    closeSync(descriptor: number) {
      opened.delete(descriptor);
      real.closeSync(descriptor);
    },
    writeSync(descriptor: number, ...rest: [never]) {
      return onDescriptor('write', descriptor, () => real.writeSync(descriptor, ...rest));
    },
    futimesSync(descriptor: number, accessed: fs.TimeLike, modified: fs.TimeLike) {
      onDescriptor('futimes', descriptor, () => real.futimesSync(descriptor, accessed, modified));
    },
    fsyncSync(descriptor: number) {
      sync(descriptor);
    },
    fsync(descriptor: number, done: (error: Error | null) => void) {
      sync(descriptor);
      setImmediate(() => done(null));
    },
    fdatasyncSync(descriptor: number) {
      sync(descriptor);
    },
    utimesSync(path: string, accessed: fs.TimeLike, modified: fs.TimeLike) {
      if (!within(path)) return real.utimesSync(path, accessed, modified);
      return effect('utimes', path, ({ unsynced }) => {
        real.utimesSync(path, accessed, modified);
        unsynced.wrote(inodeOf(path)!);
      });
    },
    mkdirSync(path: string, options?: fs.MakeDirectoryOptions) {
      if (!within(path)) return real.mkdirSync(path, options);
      if (real.existsSync(path)) return real.mkdirSync(path, options);
      return effect('mkdir', path, ({ unsynced }) => {
        const levels: string[] = [];
        for (let at = path; !real.existsSync(at); at = dirname(at)) levels.unshift(at);
        const first = real.mkdirSync(path, options);
        for (const level of levels) unsynced.madeFolder(level);
        return first;
      });
    },
    copyFileSync(from: string, to: string, mode?: number) {
      if (!within(to)) return real.copyFileSync(from, to, mode);
      return effect('copy', to, ({ unsynced }) => {
        const before = inodeOf(to);
        real.copyFileSync(from, to, mode);
        if (before === null) unsynced.created(to);
        else unsynced.wrote(before);
      });
    },
    linkSync(from: string, to: string) {
      if (!within(to)) return real.linkSync(from, to);
      return effect('link', to, ({ unsynced }) => {
        real.linkSync(from, to);
        unsynced.linked(to);
      });
    },
    renameSync(from: string, to: string) {
      if (!within(to)) return real.renameSync(from, to);
      return effect('rename', to, ({ unsynced }) => {
        const kept = from === to ? null : unsynced.keeping(to);
        real.renameSync(from, to);
        unsynced.renamed(from, to, kept);
      });
    },
    rmdirSync(path: string) {
      if (!within(path)) return real.rmdirSync(path);
      return effect('rmdir', path, ({ unsynced }) => {
        real.rmdirSync(path);
        unsynced.removedFolder(path);
      });
    },
    unlinkSync(path: string) {
      if (!within(path)) return real.unlinkSync(path);
      return effect('unlink', path, ({ unsynced }) => {
        const kept = unsynced.keeping(path);
        real.unlinkSync(path);
        unsynced.unlinked(path, kept);
      });
    },
  };
}

function effect<T>(name: string, path: string, work: (now: Tap) => T): T {
  const now = tap!;
  return now.effects.perform(`${name} ${path.slice(now.root.length + 1) || '.'}`, () => work(now));
}

function onDescriptor<T>(name: string, descriptor: number, work: () => T): T {
  const path = opened.get(descriptor);
  if (path === undefined) return work();
  return effect(name, path, ({ unsynced }) => {
    unsynced.wrote(real.fstatSync(descriptor, { bigint: true }).ino);
    return work();
  });
}

/** The real fsync is left out: what it would do is only noted, and the tests run at memory speed. */
function sync(descriptor: number): void {
  const path = opened.get(descriptor);
  if (path === undefined) {
    real.fsyncSync(descriptor);
    return;
  }
  effect('fsync', path, ({ unsynced, skipsFsync }) => {
    if (skipsFsync?.(path) !== true) unsynced.synced(path, real.fstatSync(descriptor, { bigint: true }).ino);
  });
}

function remember(descriptor: number, path: string): number {
  opened.set(descriptor, path);
  return descriptor;
}

function within(path: unknown): path is string {
  if (tap === null || typeof path !== 'string' || !`${path}/`.startsWith(`${tap.root}/`)) return false;
  // SQLite keeps its own promises, and its files are no Maildir.
  return !path.startsWith(`${tap.root}/index.db`);
}
