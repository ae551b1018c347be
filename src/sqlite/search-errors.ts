/** What SQLite throws over search.db, with the way out: nothing in that file is lost with it. */
import Database from 'better-sqlite3';
import { ArchiveError, MailkeepError } from '../core/errors.js';

export function asSearchError(error: unknown, file: string): unknown {
  if (error instanceof MailkeepError || !(error instanceof Database.SqliteError)) return error;
  if (error.code.startsWith('SQLITE_FULL')) {
    return new ArchiveError(`no space left to write ${file}`, {
      code: 'disk_full',
      hint: 'free some space and run again; the mail itself is safe',
      cause: error,
    });
  }
  return new ArchiveError(`cannot use the search index ${file}: ${error.message}`, {
    code: 'index',
    hint: `the mail itself is safe; remove ${file}, and the next search makes it again`,
    cause: error,
  });
}
