/**
 * restore.db: what was sent to which server, and where it came to lie. Beside the index and no part of the
 * archive: without it a restore still finds out by looking what the target holds. The file is opened
 * exclusively, so that two restores of one archive can't send the same message twice side by side.
 */
import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { ArchiveError } from '../core/errors.js';
import type { LedgerEntry, LedgerPlace, PendingEntry, RestoreLedger } from '../core/ports/restore.js';
import { connect } from './connection.js';
import { asArchiveError, guarded } from './database.js';
import { createPrivate } from './private-file.js';

/**
 * Opens the ledger of one archive for one target (`user@host:port`). With `create` false, null where there is
 * none. Throws ArchiveError `locked` while another restore of this archive runs, `index` for a damaged file.
 */
export function openRestoreLedger(
  file: string,
  target: string,
  options: { readonly create: boolean },
): RestoreLedger | null {
  if (!options.create && !existsSync(file)) return null;
  createPrivate(file);
  let database: Database.Database | null = null;
  try {
    database = connect(file, { timeout: 0 });
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE');
    const version = database.pragma('user_version', { simple: true }) as number;
    const application = database.pragma('application_id', { simple: true }) as number;
    if (version > FORMAT || (version > 0 && application !== APPLICATION_ID)) throw newerFormat(file);
    if (version < FORMAT) database.exec(SCHEMA);
    database.exec('COMMIT');
    return new SqliteRestoreLedger(file, database, target);
  } catch (error) {
    database?.close();
    if (error instanceof Database.SqliteError && /^SQLITE_(BUSY|LOCKED)/.test(error.code)) {
      throw new ArchiveError('another restore from this archive is running', {
        code: 'locked',
        hint: 'wait until it has finished, then run again; nothing was changed',
        cause: error,
      });
    }
    if (error instanceof Database.SqliteError && /^SQLITE_(CANTOPEN|READONLY)/.test(error.code))
      throw new ArchiveError(`${file} can't be written to`, { code: 'io', cause: error });
    throw asArchiveError(error, file);
  }
}

const FORMAT = 1;
/** 'MKRL' */
const APPLICATION_ID = 0x4d4b524c;

const SCHEMA = `
  -- A mailbox of a target under one UIDVALIDITY.
  CREATE TABLE place (
    id INTEGER NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,                   -- user@host:port
    wire_name TEXT NOT NULL,
    uid_validity TEXT NOT NULL,
    UNIQUE (target, wire_name, uid_validity)
  ) STRICT;

  -- Messages that restore put there.
  CREATE TABLE sent (
    place INTEGER NOT NULL REFERENCES place (id),
    uid INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    received_at INTEGER NOT NULL,           -- INTERNALDATE that was asked for, seconds since 1970
    seen_size INTEGER,                      -- octets as read back; NULL until then
    PRIMARY KEY (place, uid)
  ) STRICT, WITHOUT ROWID;

  -- Messages that are being sent: after a crash they may be there under this UID or a higher one.
  CREATE TABLE pending (
    place INTEGER NOT NULL REFERENCES place (id),
    sha256 BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    uid_next INTEGER NOT NULL,
    PRIMARY KEY (place, sha256, received_at)
  ) STRICT, WITHOUT ROWID;

  -- Mailboxes that the target refused under their own name.
  CREATE TABLE given_name (
    target TEXT NOT NULL,
    wanted TEXT NOT NULL,
    given TEXT NOT NULL,
    PRIMARY KEY (target, wanted)
  ) STRICT, WITHOUT ROWID;

  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${FORMAT};
`;

class SqliteRestoreLedger implements RestoreLedger {
  readonly #file: string;
  readonly #database: Database.Database;
  readonly #target: string;
  readonly #places = new Map<string, number>();

  constructor(file: string, database: Database.Database, target: string) {
    this.#file = file;
    this.#database = database;
    this.#target = target;
  }

  known(place: LedgerPlace): LedgerEntry[] {
    return guarded(this.#file, () =>
      this.#database
        .prepare<[number], LedgerEntry>(
          `SELECT uid, lower(hex(sha256)) AS sha256, received_at AS receivedAt, seen_size AS seenSize
           FROM sent WHERE place = ? ORDER BY uid`,
        )
        .all(this.#place(place)),
    );
  }

  pending(place: LedgerPlace): PendingEntry[] {
    return guarded(this.#file, () =>
      this.#database
        .prepare<[number], PendingEntry>(
          `SELECT lower(hex(sha256)) AS sha256, received_at AS receivedAt, uid_next AS uidNext
           FROM pending WHERE place = ? ORDER BY sha256, received_at`,
        )
        .all(this.#place(place)),
    );
  }

  recordPending(place: LedgerPlace, entries: readonly PendingEntry[]): void {
    // The lowest UID it may have stays: an earlier attempt may have been the one that arrived.
    const insert = this.#database.prepare(
      'INSERT INTO pending (place, sha256, received_at, uid_next) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#write(place, (id) => {
      for (const { sha256, receivedAt, uidNext } of entries)
        insert.run(id, Buffer.from(sha256, 'hex'), receivedAt, uidNext);
    });
  }

  recordKnown(place: LedgerPlace, entries: readonly LedgerEntry[]): void {
    const insert = this.#database.prepare(
      'INSERT OR REPLACE INTO sent (place, uid, sha256, received_at, seen_size) VALUES (?, ?, ?, ?, ?)',
    );
    const settle = this.#database.prepare(
      'DELETE FROM pending WHERE place = ? AND sha256 = ? AND received_at = ?',
    );
    this.#write(place, (id) => {
      for (const { uid, sha256, receivedAt, seenSize } of entries) {
        const hash = Buffer.from(sha256, 'hex');
        insert.run(id, uid, hash, receivedAt, seenSize);
        settle.run(id, hash, receivedAt);
      }
    });
  }

  clearPending(place: LedgerPlace): void {
    const settle = this.#database.prepare('DELETE FROM pending WHERE place = ?');
    this.#write(place, (id) => {
      settle.run(id);
    });
  }

  givenName(wanted: string): string | null {
    return guarded(this.#file, () => {
      const row = this.#database
        .prepare<[string, string], { given: string }>(
          'SELECT given FROM given_name WHERE target = ? AND wanted = ?',
        )
        .get(this.#target, wanted);
      return row?.given ?? null;
    });
  }

  recordGivenName(wanted: string, given: string): void {
    guarded(this.#file, () =>
      this.#database
        .prepare('INSERT OR REPLACE INTO given_name (target, wanted, given) VALUES (?, ?, ?)')
        .run(this.#target, wanted, given),
    );
  }

  close(): void {
    this.#database.close();
  }

  #write(place: LedgerPlace, work: (id: number) => void): void {
    guarded(this.#file, () => this.#database.transaction(() => work(this.#place(place)))());
  }

  #place({ wireName, uidValidity }: LedgerPlace): number {
    const key = `${uidValidity} ${wireName}`;
    let id = this.#places.get(key);
    if (id !== undefined) return id;
    this.#database
      .prepare('INSERT INTO place (target, wire_name, uid_validity) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(this.#target, wireName, uidValidity);
    const row = this.#database
      .prepare<[string, string, string], { id: number }>(
        'SELECT id FROM place WHERE target = ? AND wire_name = ? AND uid_validity = ?',
      )
      .get(this.#target, wireName, uidValidity)!;
    id = row.id;
    this.#places.set(key, id);
    return id;
  }
}

function newerFormat(file: string): ArchiveError {
  return new ArchiveError(`${file} was written by a newer mailkeep, or by another program`, {
    code: 'index',
    hint: 'upgrade mailkeep, or move the file away: the next restore looks at the target instead',
  });
}
