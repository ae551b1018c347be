// Takes one scenario, stops its run behind effect 1, 2, 3 ... to the last, goes on with a plain run, and
// demands after each: the archive equals the server and the run that was never stopped, check is clean,
// tmp/ is empty, nothing that was ever stored is gone, and one more run finds nothing to do.

import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { answers, rebuild } from '../history/answers.js';
import type { Tier } from '../support/imap-server/server-context.js';
import type { MemoryServer } from '../support/memory-reader.js';
import { differences, fingerprint, readArchive, splitTwins } from './archive-files.js';
import { checkFindings, type Plant, type RunOptions, runOnce } from './one-run.js';
import { type Scenario, serverWith } from './scenarios.js';

export interface CrashOptions {
  readonly tier: Tier;
  readonly powerCut: boolean;
  readonly plant?: Plant;
  /** Only every n-th stop; 1 for all. */
  readonly stride?: number;
}

/** Returns how many effects the run had. Throws at the first stop after which something is not as it must be. */
export async function crashEverywhere(scenario: Scenario, options: CrashOptions): Promise<number> {
  const folder = temporaryFolder();
  try {
    const settings: RunOptions = {
      ...(scenario.guard === undefined ? {} : { guard: scenario.guard }),
      ...(options.plant === undefined ? {} : { plant: options.plant }),
    };
    const base = join(folder, 'base');
    const server = (mail: MemoryServer['mail']): MemoryServer => ({
      mail,
      tier: options.tier,
      objectId: scenario.objectId ?? false,
    });
    for (let steps = 1; steps <= scenario.before.length; steps++)
      await complete(base, server(serverWith(scenario.before.slice(0, steps))), settings);
    mkdirSync(base, { recursive: true });

    const before = () => server(serverWith([...scenario.before, scenario.change]));
    const after = () =>
      server(
        serverWith([
          ...scenario.before,
          scenario.change,
          ...(scenario.afterCrash === undefined ? [] : [scenario.afterCrash]),
        ]),
      );

    const whole = copyOf(base, join(folder, 'whole'));
    const effects = await complete(whole, before(), settings);
    if (scenario.afterCrash === undefined) await demand(whole, after(), settings);
    const reference = scenario.afterCrash === undefined ? fingerprint(whole) : null;

    for (let stop = 1; stop <= effects.length; stop += options.stride ?? 1) {
      const root = copyOf(base, join(folder, `stop-${stop}`));
      try {
        const { report } = await runOnce(root, before(), {
          ...settings,
          crashAfter: stop,
          powerCut: options.powerCut,
        });
        if (report !== null) throw new Error('the run came to its end');
        const stored = contentsOf(root);
        await complete(root, after(), settings);
        await demand(root, after(), settings);
        if (scenario.mayFetchAgain !== true) expectNone('stored twice', splitTwins(root));
        const kept = contentsOf(root);
        const lost = [...stored, ...contentsOf(base)].filter((sha256) => !kept.has(sha256));
        expectNone('lost from the archive', lost);
        if (reference !== null) expectSame(fingerprint(root), reference);
      } catch (error) {
        const where = `${options.powerCut ? 'power cut' : 'kill'} behind effect ${stop} of ${effects.length}, ${effects[stop - 1]}`;
        throw new Error(`${scenario.name} (${options.tier}), ${where}: ${String(error)}`, { cause: error });
      }
      rmSync(root, { recursive: true });
    }
    return effects.length;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A run that must come to its end without complaint; the names of its effects. */
export async function complete(root: string, server: MemoryServer, settings: RunOptions): Promise<string[]> {
  const { report, effects } = await runOnce(root, server, settings);
  if (report?.status !== 'ok') throw new Error(`the run ended as ${JSON.stringify(report)}`);
  return effects.names;
}

/** What holds after every run that ended well. */
export async function demand(root: string, server: MemoryServer, settings: RunOptions): Promise<void> {
  expectNone('differs from the server', differences(root, server.mail));
  expectNone('check says', await checkFindings(root));
  const { report, effects } = await runOnce(root, server, settings);
  const { status, added, adopted, removed, moved, flagsChanged, bytesDownloaded } = report!;
  const idle = { status, added, adopted, removed, moved, flagsChanged, bytesDownloaded };
  const expected = {
    status: 'ok',
    added: 0,
    adopted: 0,
    removed: 0,
    moved: 0,
    flagsChanged: 0,
    bytesDownloaded: 0,
  };
  expectSame([JSON.stringify(idle)], [JSON.stringify(expected)]);
  expectNone(
    'a further run does',
    effects.names.filter((name) => !name.startsWith('index.')),
  );
  expectNone('differs from the server after a further run', differences(root, server.mail));
  await demandJournal(root);
}

/** An index made from the journal and the files answers what the one that runs wrote answers. */
async function demandJournal(root: string): Promise<void> {
  const folder = mkdtempSync(`${root}.rebuilt-`);
  try {
    const index = join(folder, 'index.db');
    await rebuild(root, { index });
    if (!isDeepStrictEqual(answers(root, index), answers(root)))
      throw new Error('the journal does not tell what the index tells');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function expectNone(what: string, found: readonly string[]): void {
  if (found.length > 0) throw new Error(`${what}: ${found.slice(0, 5).join('; ')}`);
}

export function contentsOf(root: string): Set<string> {
  const whole = readArchive(root).files.filter((file) => file.name.includes(`.${file.sha256},`));
  return new Set(whole.map((file) => file.sha256));
}

function expectSame(found: readonly string[], expected: readonly string[]): void {
  const [mine, theirs] = [new Set(found), new Set(expected)];
  const tooMany = found.filter((line) => !theirs.has(line)).map((line) => `+ ${line}`);
  const missing = expected.filter((line) => !mine.has(line)).map((line) => `- ${line}`);
  expectNone('not the end that an undisturbed run has', [...tooMany, ...missing]);
}

/** In memory where the host has such a place: these tests are about order, not about disks. */
export function temporaryFolder(): string {
  const memory = '/dev/shm';
  const parent = lstatSync(memory, { throwIfNoEntry: false })?.isDirectory() === true ? memory : tmpdir();
  return mkdtempSync(join(parent, 'mailkeep-crash-'));
}

/** Hard links stay hard links. */
export function copyOf(from: string, to: string): string {
  const inodes = new Map<number, string>();
  const copy = (source: string, target: string): void => {
    mkdirSync(target, { recursive: true, mode: 0o700 });
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const [old, fresh] = [join(source, entry.name), join(target, entry.name)];
      if (entry.isDirectory()) {
        copy(old, fresh);
        continue;
      }
      const { ino, atime, mtime } = lstatSync(old);
      const twin = inodes.get(ino);
      if (twin !== undefined) linkSync(twin, fresh);
      else {
        copyFileSync(old, fresh);
        utimesSync(fresh, atime, mtime);
        inodes.set(ino, fresh);
      }
    }
  };
  copy(from, to);
  return to;
}
