/**
 * Opens index.db: WAL with synchronous=FULL, so that a committed transaction survives a power cut.
 * A file that is damaged, foreign or newer than this program is refused with the way out, never changed.
 */
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { ArchiveError, MailkeepError } from '../core/errors.js';
import { fileProblem } from '../core/text/file-problem.js';
import { connect } from './connection.js';
import { MIGRATIONS } from './migrations.js';
import { unloadable } from './native-module.js';
import { createPrivate } from './private-file.js';

export type { Database } from 'better-sqlite3';

/** 'MKEP': tells our files from any other SQLite database. */
const APPLICATION_ID = 0x4d4b4550;

/** Without `anew`, an index that is not there where there is mail is an error, and no new archive. */
export function openIndex(
  file: string,
  options: { readonly create: boolean; readonly anew?: boolean },
): Database.Database {
  const size = sizeOf(file);
  if ((size ?? 0) === 0 && options.anew !== true && hasMail(dirname(file))) {
    throw new ArchiveError(
      `${size === null ? 'there is mail, but no index' : 'the index is empty'}: ${file}`,
      { code: 'index', hint: REBUILD },
    );
  }
  if ((size ?? 0) === 0 && !options.create) {
    const folder = dirname(file);
    throw new ArchiveError(`${basename(folder)}: there is no archive at ${folder}`, {
      code: 'no_archive',
      hint: 'nothing was done; mailkeep sync makes one. If there was one, check data_dir in the config',
    });
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  createPrivate(file);
  return guarded(file, () => {
    const database = connect(file);
    rememberStatements(database);
    try {
      const version = formatOf(database, file);
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.pragma('foreign_keys = ON');
      database.pragma('busy_timeout = 10000');
      // Twice as much made nothing faster, neither 100,000 messages that come nor a million that are listed.
      database.pragma('cache_size = -8000');
      // A new message touches a page of its own in the index of hashes. SQLite's own 4 MB are little more than what
      // one batch touches, and then every commit writes it all twice and syncs both files.
      database.pragma('wal_autocheckpoint = 8192');
      // Without this a long run's WAL grows without bound between checkpoints on a busy reader.
      database.pragma('journal_size_limit = 67108864');
      migrate(database, version);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  });
}

const REBUILD =
  'the mail itself is in mail/ and removed/; mailkeep repair --rebuild-index makes the index anew from it and the journal';

/** Whether something was ever stored here: then an index that is missing is no new archive. */
function hasMail(root: string): boolean {
  if ((sizeOf(join(root, 'journal.jsonl')) ?? 0) > 0) return true;
  const mail = join(root, 'mail');
  return sizeOf(mail) !== null && orUnreadable(root, () => readdirSync(mail).length > 0);
}

/** In octets; null where there is nothing of that name. Throws ArchiveError where that can't be told. */
export function sizeOf(file: string): number | null {
  return orUnreadable(dirname(file), () => statSync(file, { throwIfNoEntry: false })?.size ?? null);
}

function orUnreadable<T>(folder: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    throw new ArchiveError(`cannot look into ${folder}: ${fileProblem(error)}`, {
      code: 'io',
      hint: 'nothing was done; run mailkeep as the user who owns the archive, or check data_dir in the config',
      cause: error,
    });
  }
}

/**
 * Compiling a statement costs more than running it: each text is compiled once per connection. The form of its answers
 * belongs to whoever asked for it: another form of the same text is another statement.
 */
export function rememberStatements(database: Database.Database): void {
  type Statements = Map<string, Database.Statement>;
  const statements: Record<'rows' | 'pluck' | 'raw', Statements> = {
    rows: new Map(),
    pluck: new Map(),
    raw: new Map(),
  };
  const prepare = database.prepare.bind(database);
  const remembered = (source: string, form: keyof typeof statements): Database.Statement => {
    let statement = statements[form].get(source);
    if (statement === undefined) {
      statement = prepare(source);
      if (form === 'rows') {
        statement.pluck = () => remembered(source, 'pluck');
        statement.raw = () => remembered(source, 'raw');
      } else statement[form]();
      statements[form].set(source, statement);
    }
    return statement;
  };
  database.prepare = ((source: string) => remembered(source, 'rows')) as typeof database.prepare;
}

/** Turns what SQLite throws into errors that say what is safe and what to do. */
export function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asArchiveError(error, file);
  }
}

export function asArchiveError(error: unknown, file: string): unknown {
  if (error instanceof MailkeepError) return error;
  if (!(error instanceof Database.SqliteError)) return unloadable(error) ?? error;
  // SQLite wants room beside the file also to read it.
  if (error.code.startsWith('SQLITE_FULL') || error.code === 'SQLITE_IOERR_SHMSIZE') {
    return new ArchiveError(`no space left to write ${file}`, {
      code: 'disk_full',
      hint: 'free some space and run again; what was stored is safe',
      cause: error,
    });
  }
  if (error.code.startsWith('SQLITE_CORRUPT') || error.code.startsWith('SQLITE_NOTADB')) {
    return new ArchiveError(`the index ${file} is damaged (${error.message})`, {
      code: 'index',
      hint: REBUILD,
      cause: error,
    });
  }
  if (/^SQLITE_(CANTOPEN|READONLY)/.test(error.code)) {
    return new ArchiveError(`${file} can't be written to`, {
      code: 'io',
      hint: 'check the permissions of data_dir, and whether its disk is mounted for reading only; what was stored is safe, and restore, export and check need not write',
      cause: error,
    });
  }
  return new ArchiveError(`cannot use the index ${file}: ${error.message}`, {
    code: error.code.startsWith('SQLITE_IOERR') ? 'io' : 'index',
    hint: 'check the disk and the permissions of data_dir; what was stored is safe',
    cause: error,
  });
}

/** Migrations applied. Asked before anything is written: even a change of journal mode would change the file. */
function formatOf(database: Database.Database, file: string): number {
  const version = database.pragma('user_version', { simple: true }) as number;
  const application = database.pragma('application_id', { simple: true }) as number;
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get() as { count: number };
  if (application !== APPLICATION_ID && tables.count > 0) {
    throw new ArchiveError(`${file} is a database, but not mailkeep's`, {
      code: 'index',
      hint: REBUILD,
    });
  }
  if (version > MIGRATIONS.length) {
    throw new ArchiveError(`the index ${file} was written by a newer mailkeep (format ${version})`, {
      code: 'index',
      hint: 'upgrade mailkeep; or mailkeep repair --rebuild-index makes an index for this version. Nothing was changed',
    });
  }
  return version;
}

function migrate(database: Database.Database, version: number): void {
  if (version === MIGRATIONS.length) return;
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${MIGRATIONS.length}`);
  })();
}
