/** For `doctor`: the program itself, the folder of the archives and the disk under it. Changes nothing. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  broken,
  type DiskFacts,
  doubtful,
  fine,
  type HealthCheck,
  judgeDisk,
  judgeNode,
} from '../core/daemon/health-check.js';
import { ArchiveError } from '../core/errors.js';
import { sqliteVersion } from '../sqlite/quick-check.js';
import { version, versionAndCommit } from './version.js';

export function examineProgram(): HealthCheck[] {
  return [
    fine('mailkeep', `mailkeep ${versionAndCommit()}`, { version: version() }),
    judgeNode(process.versions.node),
    examineSqlite(),
  ];
}

/** The native module is the part that a new Node or a copied node_modules breaks. */
function examineSqlite(): HealthCheck {
  try {
    const found = sqliteVersion();
    return fine('sqlite', `SQLite ${found}`, { version: found });
  } catch (error) {
    return broken('sqlite', error);
  }
}

/** The configuration file: who may change it decides which password_command runs. */
export function examineConfigFile(file: string, accounts: number): HealthCheck {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  const facts = { file, mode: (mode & 0o777).toString(8).padStart(4, '0') };
  const message = `${file}, ${accounts} ${accounts === 1 ? 'account' : 'accounts'}`;
  if ((mode & 0o022) !== 0) {
    const risk = `${message}: others may change it (mode ${facts.mode}), and with it which commands run`;
    return doubtful('config', risk, `chmod 600 ${file}`, facts);
  }
  return fine('config', message, facts);
}

/** The folder of all archives, or where it is to be made. */
export function examineDataDir(dataDir: string): HealthCheck[] {
  const there = firstThere(dataDir);
  const facts = { data_dir: dataDir, exists: there === dataDir };
  try {
    if (!statSync(there).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(there, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOTDIR' ? 'is no folder' : 'no permission';
    const failure = new ArchiveError(`data_dir ${dataDir} can't be used: ${there}: ${reason}`, {
      code: 'io',
      hint: 'run mailkeep as the user who owns it, or name another data_dir',
      cause: error,
    });
    return [{ ...broken('data_dir', failure), facts }];
  }
  const found =
    there === dataDir
      ? examinePermissions('data_dir', dataDir, facts)
      : fine('data_dir', `${dataDir} is not there yet; the first sync makes it`, facts);
  return [found, judgeDisk(diskOf(there), dataDir)];
}

/** Whether the folder is the operator's own and closed to others. */
export function examinePermissions(
  name: string,
  folder: string,
  facts: Readonly<Record<string, unknown>> = {},
): HealthCheck {
  const { mode, uid } = statSync(folder);
  const octal = (mode & 0o777).toString(8).padStart(4, '0');
  const me = process.getuid?.();
  if (me !== undefined && me !== uid) {
    const who = me === 0 ? 'root' : `user ${me}`;
    const hint = `run mailkeep as the user who owns it (chown -R, if it is to be ${who})`;
    return doubtful(name, `${folder} belongs to user ${uid}, and this is ${who}`, hint, facts);
  }
  // Another's account folders are closed by themselves; only who may write here can replace them.
  if ((mode & (name === 'data_dir' ? 0o022 : 0o077)) !== 0) {
    return doubtful(name, `${folder} is open to others (mode ${octal})`, `chmod 700 ${folder}`, facts);
  }
  return fine(name, `${folder} (mode ${octal})`, { ...facts, mode: octal });
}

export function diskOf(folder: string): DiskFacts {
  const { bavail, blocks, bsize, files, ffree } = statfsSync(firstThere(folder));
  return {
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    freeFiles: files === 0 ? null : ffree,
  };
}

/** The folder, or the nearest above it that is there. */
function firstThere(folder: string): string {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  return there;
}
