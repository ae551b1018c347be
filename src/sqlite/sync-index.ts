/**
 * The index of one account as the sync jobs see it: each group of rows lives in its own file, this one
 * only ties them to the port.
 */

import { ArchiveError } from '../core/errors.js';
import type { SyncIndex } from '../core/ports/sync-index.js';
import { asArchiveError, openIndex } from './database.js';
import { JournalRows } from './journal-rows.js';
import { KeptRows } from './kept-rows.js';
import { LabelRows } from './label-rows.js';
import { LeavingRows } from './leaving-rows.js';
import { MailboxRows } from './mailbox-rows.js';
import { RunRows } from './run-rows.js';
import { SettleRows } from './settle-rows.js';
import { sharedLooks, sharedUids } from './shared-messages.js';
import { SpineRows } from './spine-rows.js';
import { State } from './state.js';
import { WaitingRows } from './waiting-rows.js';

export interface OpenSyncIndex extends SyncIndex {
  close(): void;
}

/** Opens (and creates) index.db for writing; the caller holds the account's lock. */
export function openSyncIndex(file: string): OpenSyncIndex {
  const database = openIndex(file, { create: true });
  const runs = new RunRows(database);
  const state = new State(database);
  const mailboxes = new MailboxRows(database);
  const labels = new LabelRows(database);
  const spine = new SpineRows(database, mailboxes, labels);
  const settle = new SettleRows(database);
  const waiting = new WaitingRows(database);
  const leaving = new LeavingRows(database);
  const kept = new KeptRows(database);
  const journal = new JournalRows(database);

  const index: OpenSyncIndex = {
    rehearse: async (work) => {
      database.exec('BEGIN IMMEDIATE');
      try {
        return await work();
      } finally {
        database.exec('ROLLBACK');
      }
    },
    beginRun: () => runs.begin(),
    finishRun: (report, retired) => runs.finish(report, retired),
    spent: () => state.get('spent'),
    recordSpent: (text) => state.set('spent', text),
    journalEntries: () => journal.entries(),
    journaled: () => journal.journaled(),
    lastRun: () => runs.newest(),
    recordJournaled: (line) => runs.recordJournaled(line),
    mailboxes: () => mailboxes.all(),
    noteMailboxes: (run, polled, folderOf) => mailboxes.note(run, polled, folderOf),
    noteUnchanged: (ids, syncedAt) => mailboxes.touch(ids, syncedAt),
    base: (mailbox) => spine.base(mailbox),
    highestUid: (mailbox) => spine.highestUid(mailbox),
    reusesUids: (mailbox, listing) => spine.reusesUids(mailbox, listing),
    labels: (mailbox, uids) => labels.of(mailbox, uids),
    staleLabels: () => labels.stale(),
    recordLabels: (run, mailbox, told) => labels.record(run, mailbox, told),
    noteLabelsSeen: (run) => labels.noteSeen(run),
    applySpines: (changes) => spine.apply(changes),
    withMailboxId: (mailboxId) => mailboxes.withMailboxId(mailboxId),
    sharedUids: (mailbox, listing) => sharedUids(database, mailbox, listing),
    sharedLooks: (mailbox, listing) => sharedLooks(database, mailbox, listing),
    renameMailbox: (run, mailbox, successor) =>
      database.transaction(() =>
        state.set('moving_folder', JSON.stringify(mailboxes.rename(run, mailbox, successor))),
      )(),
    movingFolder: () =>
      JSON.parse(state.get('moving_folder') ?? 'null') as { from: string; to: string } | null,
    recordFolderMoved: () => state.set('moving_folder', null),
    mailboxGone: (run, mailbox) => spine.mailboxGone(run, mailbox),
    unfetched: (after, limit, now, distinct) => waiting.unfetched(after, limit, now, distinct),
    pending: (now) => waiting.pending(now),
    adoptable: (after, limit, now) => waiting.adoptable(after, limit, now),
    departures: (sha256, place) => waiting.departures(sha256, place),
    imports: (sha256) => waiting.imports(sha256),
    contentWith: (header) => waiting.contentWith(header),
    recordStored: (stored) => settle.stored(stored),
    recordAdopted: (run, adopted) => settle.adopted(run, adopted),
    recordFailed: (failures) => settle.failed(failures),
    failures: () => settle.failures(),
    attempts: (placement) => settle.attempts(placement),
    known: (sha256s) => settle.known(sha256s),
    locate: (sha256, receivedAt) => settle.locate(sha256, receivedAt),
    locatePresent: (sha256, receivedAt) => settle.locatePresent(sha256, receivedAt),
    unsettled: (after, limit) => settle.unsettled(after, limit),
    recordSettled: (settled) => settle.settled(settled),
    recordLost: (placements) => settle.lost(placements),
    keywords: (mailbox) => mailboxes.keywords(mailbox),
    addKeywords: (mailbox, keywords) => mailboxes.addKeywords(mailbox, keywords),
    leaving: () => leaving.mailboxes(),
    leavingPlacements: (after, limit, which) => leaving.placements(after, limit, which),
    recordRetired: (run, retired) => leaving.retired(run, retired),
    storedSince: (mailbox, now) => kept.storedSince(mailbox, now),
    recordKeptHere: (run, mailbox, uids) => kept.record(run, mailbox, uids),
    hold: () => state.get('hold'),
    setHold: (reason) => state.set('hold', reason),
    accept: () =>
      database.transaction(() => {
        state.set('hold', null);
        state.set('accepted', 'yes');
        journal.add({ do: 'accept' });
      })(),
    isAccepted: () => state.get('accepted') !== null,
    close: () => database.close(),
  };
  return withArchiveErrors(index, file);
}

/** Every SQLite error leaves as an ArchiveError that says what is safe; anything else passes unchanged. */
function withArchiveErrors(index: OpenSyncIndex, file: string): OpenSyncIndex {
  return new Proxy(index, {
    get(target, key: keyof OpenSyncIndex) {
      const method = target[key] as (...args: unknown[]) => unknown;
      if (typeof method !== 'function')
        throw new ArchiveError(`the index has no ${String(key)}`, { code: 'internal' });
      return (...args: unknown[]) => {
        try {
          return method(...args);
        } catch (error) {
          throw asArchiveError(error, file);
        }
      };
    },
  });
}
