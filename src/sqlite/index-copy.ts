/**
 * The index of an archive on a disk that can't be written to: a snapshot, a read-only mount, a full one. SQLite wants
 * files of its own beside a database in WAL mode, so a copy is read, which has no name any more once it is open.
 */
import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ArchiveError, describeError, MailkeepError } from '../core/errors.js';
import { type Database, openIndex, sizeOf } from './database.js';

/** For those who only read. Throws as `openIndex`, ArchiveError `io` where there is no room for a copy. */
export function openIndexForReading(file: string): Database {
  if ((sizeOf(file) ?? 0) > 0 && !isWritable(dirname(file))) return openCopy(file);
  try {
    return openIndex(file, { create: false });
  } catch (error) {
    // Nobody else has it open then: the files that need the room would be there.
    if (error instanceof ArchiveError && error.code === 'disk_full') return openCopy(file);
    throw error;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function openCopy(file: string): Database {
  let folder: string | null = null;
  try {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-index-'));
    for (const end of ['', '-wal'])
      if (existsSync(`${file}${end}`)) copyFileSync(`${file}${end}`, join(folder, `index.db${end}`));
    return openIndex(join(folder, 'index.db'), { create: false });
  } catch (error) {
    if (error instanceof MailkeepError) throw error;
    throw new ArchiveError(
      `${dirname(file)} can't be written to, and its index can't be copied: ${describeError(error)}`,
      { code: 'io', hint: 'set TMPDIR to a folder with room for index.db', cause: error },
    );
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  }
}
