/**
 * One command at a time works on an account. The lock is SQLite's own write lock on lock.db, so a holder
 * that is killed frees it without a trace; the row inside tells who holds it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ArchiveError } from '../core/errors.js';
import { connect } from './connection.js';
import { asArchiveError } from './database.js';
import { createPrivate } from './private-file.js';

export interface LockHolder {
  readonly pid: number;
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

export interface AccountLock {
  release(): void;
}

/** Throws ArchiveError `locked` naming the holder. */
export function lockAccount(file: string, account: string, holder: LockHolder): AccountLock {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  createPrivate(file);
  let database: Database.Database | null = null;
  try {
    database = connect(file, { timeout: 0 });
    // A rollback journal lets others read the holder while the write lock is held, and leaves no WAL files.
    database.pragma('journal_mode = DELETE');
    // The row is for eyes, and the lock itself is the kernel's: neither has to outlive a power cut.
    database.pragma('synchronous = OFF');
    database.exec('BEGIN IMMEDIATE');
    // From here on only those who look at the row can be in the way, and they are quick.
    database.pragma('busy_timeout = 500');
    database.exec(
      'CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL, command TEXT NOT NULL, since TEXT NOT NULL) STRICT; DELETE FROM holder',
    );
    database
      .prepare('INSERT INTO holder (pid, command, since) VALUES (@pid, @command, @since)')
      .run({ pid: holder.pid, command: holder.command, since: holder.since });
    // Committed so that others can read it; a second writer between the two steps is told by the next line.
    database.exec('COMMIT; BEGIN IMMEDIATE');
  } catch (error) {
    const known = isBusy(error) ? readHolder(file) : null;
    database?.close();
    if (isBusy(error)) throw lockedError(account, known);
    if (isRubbish(error)) throw rubbishError(account, file, error);
    throw asArchiveError(error, file);
  }
  return { release: () => release(database) };
}

/** Who works on the account at the moment, as far as can be told without touching the lock; null: nobody. */
export function lockHolder(file: string): LockHolder | null {
  if (!existsSync(file)) return null;
  const holder = readHolder(file);
  return holder !== null && isAlive(holder.pid) ? holder : null;
}

function release(database: Database.Database): void {
  try {
    database.exec('DELETE FROM holder; COMMIT');
  } catch {
    // A row that stays behind on a full disk misleads nobody for long: the lock is free all the same.
  }
  database.close();
}

/** A holder that was killed left its row; its number says so. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function lockedError(account: string, holder: LockHolder | null): ArchiveError {
  const who =
    holder === null
      ? 'another mailkeep'
      : `mailkeep ${holder.command} (pid ${holder.pid}, since ${holder.since})`;
  return new ArchiveError(`${account} is locked: ${who} is working on it`, {
    code: 'locked',
    hint: 'wait until it has finished, then run again; nothing was changed',
  });
}

function isRubbish(error: unknown): error is Error {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

function rubbishError(account: string, file: string, cause: Error): ArchiveError {
  return new ArchiveError(`${account} can't be locked: ${file} is damaged (${cause.message})`, {
    code: 'io',
    hint: 'nothing was done; it holds nothing but the lock: if no other mailkeep is at work, remove it and run again',
    cause,
  });
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith('SQLITE_BUSY') || error.code.startsWith('SQLITE_LOCKED'))
  );
}

function readHolder(file: string): LockHolder | null {
  try {
    const database = connect(file, { readonly: true, timeout: 200 });
    try {
      return (
        (database.prepare('SELECT pid, command, since FROM holder').get() as LockHolder | undefined) ?? null
      );
    } finally {
      database.close();
    }
  } catch {
    return null;
  }
}
