import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveError } from '../../src/core/errors.js';
import { openRestoreLedger } from '../../src/sqlite/restore-ledger.js';

const SHA = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
const PLACE = { wireName: 'INBOX', uidValidity: '7' };

describe('the restore ledger', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-ledger-'));
    file = join(folder, 'restore.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (target = 'a@host:993') => openRestoreLedger(file, target, { create: true })!;

  test('is not made by somebody who only looks', () => {
    expect(openRestoreLedger(file, 'a@host:993', { create: false })).toBeNull();
    expect(existsSync(file)).toBe(false);
    open().close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    openRestoreLedger(file, 'a@host:993', { create: false })!.close();
  });

  test('remembers by target, mailbox and UIDVALIDITY', () => {
    const first = open();
    first.recordKnown(PLACE, [{ uid: 3, sha256: SHA, receivedAt: -5, seenSize: null }]);
    first.recordKnown(PLACE, [{ uid: 3, sha256: SHA, receivedAt: -5, seenSize: 90 }]);
    first.recordGivenName('a*b', 'a_b');
    first.close();
    const again = open();
    expect(again.known(PLACE)).toEqual([{ uid: 3, sha256: SHA, receivedAt: -5, seenSize: 90 }]);
    expect(again.known({ ...PLACE, uidValidity: '8' })).toEqual([]);
    expect(again.known({ ...PLACE, wireName: 'Work' })).toEqual([]);
    expect(again.givenName('a*b')).toBe('a_b');
    again.close();
    const other = open('b@host:993');
    expect([other.known(PLACE), other.givenName('a*b')]).toEqual([[], null]);
    other.close();
  });

  test('keeps what was being sent until its UID is known, with the lowest UID it may have', () => {
    const ledger = open();
    const pending = (sha256: string, uidNext: number) => ({ sha256, receivedAt: 1, uidNext });
    ledger.recordPending(PLACE, [pending(SHA, 10), pending(OTHER, 10)]);
    ledger.recordPending(PLACE, [pending(SHA, 20)]);
    expect(ledger.pending(PLACE)).toEqual([pending(SHA, 10), pending(OTHER, 10)]);
    ledger.recordKnown(PLACE, [{ uid: 11, sha256: SHA, receivedAt: 1, seenSize: null }]);
    expect(ledger.pending(PLACE)).toEqual([pending(OTHER, 10)]);
    ledger.clearPending(PLACE);
    expect(ledger.pending(PLACE)).toEqual([]);
    ledger.close();
  });

  test('is held by one restore at a time', () => {
    const holder = open();
    expect(() => open()).toThrow(expect.objectContaining({ code: 'locked' }));
    holder.close();
    open().close();
  });

  test('refuses a file that is not its own', () => {
    writeFileSync(file, 'no database at all, but long enough to be read as a page of one'.repeat(20));
    expect(() => open()).toThrow(ArchiveError);
  });
});
