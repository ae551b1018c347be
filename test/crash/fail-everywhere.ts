// Takes one scenario and lets the disk refuse at one write after the other: the run must say so by its code
// and harm nothing, and the next one must go on as if nothing had been.

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { MailkeepError } from '../../src/core/errors.js';
import { asArchiveError } from '../../src/sqlite/database.js';
import { readArchive } from './archive-files.js';
import { complete, contentsOf, copyOf, demand, expectNone, temporaryFolder } from './crash-everywhere.js';
import { type Plant, type RunOptions, runOnce } from './one-run.js';
import { type Scenario, serverWith } from './scenarios.js';

/** Every write with MAILKEEP_SOAK=1, else every third. */
export const STRIDE = process.env.MAILKEEP_SOAK === '1' ? 1 : 3;

export interface Trouble {
  readonly code: 'disk_full' | 'io';
  readonly failing: (at: number) => NonNullable<RunOptions['failing']>;
}

/** Only what takes room: names go and move on a full disk too. */
const TAKES_ROOM = /^(open|write|mkdir|link|copy|index\.)/;

/** A file that stays in tmp/ is nobody's mail. */
const TIDYING = /^unlink .*\/tmp\//;

/** Full from that effect on. */
export const FULL: Trouble = {
  code: 'disk_full',
  failing: (at) => (effect, name) =>
    effect >= at && TAKES_ROOM.test(name) ? failure(name, 'ENOSPC', 'SQLITE_FULL') : null,
};
/** Fails that one effect. */
export const BROKEN: Trouble = {
  code: 'io',
  failing: (at) => (effect, name) =>
    effect === at && !TIDYING.test(name) ? failure(name, 'EIO', 'SQLITE_IOERR_WRITE') : null,
};

/** Returns how many writes were refused. */
export async function failEverywhere(
  scenario: Scenario,
  { code, failing }: Trouble,
  plant?: Plant,
): Promise<number> {
  const folder = temporaryFolder();
  const server = (...changes: Scenario['before']) => ({
    mail: serverWith([...scenario.before, ...changes]),
    tier: 'condstore' as const,
    objectId: false,
  });
  try {
    const base = join(folder, 'base');
    mkdirSync(base);
    if (scenario.before.length > 0) await complete(base, server(), {});
    const effects = await complete(copyOf(base, join(folder, 'whole')), server(scenario.change), {});
    let tried = 0;
    for (let at = 1; at <= effects.length; at += STRIDE) {
      const root = copyOf(base, join(folder, `at-${at}`));
      let hit = '';
      const fails = failing(at);
      const settings: RunOptions = {
        plant,
        failing: (effect, name) => {
          const error = fails(effect, name);
          if (error !== null && hit === '') hit = name;
          return error;
        },
      };
      const found = await outcomeOf(root, server(scenario.change), settings);
      if (hit === '') continue;
      tried += 1;
      try {
        expect(found).toBe(code);
        const stored = contentsOf(root);
        expectNone(
          'named but not whole',
          readArchive(root)
            .files.filter((file) => !file.name.includes(file.sha256))
            .map((file) => file.name),
        );
        await complete(root, server(scenario.change), {});
        await demand(root, server(scenario.change), {});
        const kept = contentsOf(root);
        expectNone(
          'lost',
          [...stored].filter((sha256) => !kept.has(sha256)),
        );
      } catch (error) {
        throw new Error(`${scenario.name}, effect ${at}, ${hit}: ${String(error)}`, { cause: error });
      }
      rmSync(root, { recursive: true });
    }
    return tried;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Status of a run that ended well, else the code of its error. */
async function outcomeOf(
  root: string,
  server: Parameters<typeof runOnce>[1],
  settings: RunOptions,
): Promise<string> {
  try {
    const { report } = await runOnce(root, server, settings);
    return report!.error?.code ?? report!.status;
  } catch (error) {
    // Where not even the run's number can be noted there is no report.
    if (error instanceof MailkeepError) return error.code;
    throw error;
  }
}

function failure(name: string, code: string, sqlite: string): Error {
  if (!name.startsWith('index.')) return Object.assign(new Error(`${code}: ${name}`), { code });
  return asArchiveError(new Database.SqliteError(code, sqlite), 'index.db') as Error;
}
