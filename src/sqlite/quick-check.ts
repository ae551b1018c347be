/** Whether SQLite finds an index sound, without the long comparison of its indexes with its tables. */
import { ArchiveError } from '../core/errors.js';
import { connect } from './connection.js';
import { asArchiveError, guarded } from './database.js';

/** Throws ArchiveError `index` where it does not. Changes nothing. */
export function quickCheck(file: string): void {
  let answer: unknown;
  try {
    const database = connect(file, { readonly: true, fileMustExist: true });
    try {
      answer = database.pragma('quick_check(1)', { simple: true });
    } finally {
      database.close();
    }
  } catch (error) {
    throw asArchiveError(error, file);
  }
  if (answer === 'ok') return;
  throw new ArchiveError(`the index ${file} is damaged (${String(answer)})`, {
    code: 'index',
    hint: 'mailkeep repair --rebuild-index makes it anew from the mail and the journal',
  });
}

/** Throws ArchiveError `internal` where the module can't be loaded. */
export function sqliteVersion(): string {
  return guarded(':memory:', () => {
    const database = connect(':memory:');
    try {
      return String(database.prepare('SELECT sqlite_version()').pluck().get());
    } finally {
      database.close();
    }
  });
}
