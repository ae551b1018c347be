/** What SQLite throws over search.db, with the way out: nothing in that file is lost with it. */
import Database from 'better-sqlite3';
import { ArchiveError, MailkeepError } from '../core/errors.js';

export function asSearchError(error: unknown, file: string): unknown {
  if (error instanceof MailkeepError || !(error instanceof Database.SqliteError)) return error;
  // SQLite wants room beside the file also to read it.
  if (error.code.startsWith('SQLITE_FULL') || error.code === 'SQLITE_IOERR_SHMSIZE') {
    return new ArchiveError(`no space left to write ${file}`, {
      code: 'disk_full',
      hint: 'free some space and run again; the mail itself is safe',
      cause: error,
    });
  }
  if (/^SQLITE_(CANTOPEN|READONLY)/.test(error.code)) {
    return new ArchiveError(`${file} can't be written to, and search notes down there what it has read`, {
      code: 'io',
      hint: 'the mail itself is safe: export and restore need not write, and a copy of the archive elsewhere (--data-dir) can be searched',
      cause: error,
    });
  }
  return new ArchiveError(`cannot use the search index ${file}: ${error.message}`, {
    code: 'index',
    hint: `the mail itself is safe; remove ${file}, and the next search makes it again`,
    cause: error,
  });
}
