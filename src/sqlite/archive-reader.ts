/**
 * Reads an archive's index without changing it, also while a sync writes: status, history, inventory and
 * selections for restore.
 */
import { basename, dirname } from 'node:path';
import { ArchiveError, UsageError } from '../core/errors.js';
import { labelList } from '../core/mailbox/labels.js';
import type { MaildirName } from '../core/mailbox/maildir-name.js';
import type { Moment } from '../core/moment.js';
import type { AbsentPlacement, ArchiveStatus, RunRow, SelectedPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Tree } from '../core/ports/store.js';
import type { RunStatus, SyncReport } from '../core/report.js';
import { absentPlacements } from './absent-placements.js';
import { asArchiveError, type Database, guarded } from './database.js';
import { placeOf } from './file-place.js';
import { openIndexForReading } from './index-copy.js';
import { MailboxRows } from './mailbox-rows.js';
import { countsAt, mailboxStatusAt, placementsAt } from './past-placements.js';
import { RunRows } from './run-rows.js';
import { SettleRows } from './settle-rows.js';
import { State } from './state.js';

export class ArchiveReader {
  readonly #file: string;
  readonly #database: Database;
  readonly #mailboxes: MailboxRows;
  readonly #runs: RunRows;
  readonly #state: State;

  private constructor(file: string) {
    this.#file = file;
    this.#database = openIndexForReading(file);
    this.#mailboxes = new MailboxRows(this.#database);
    this.#runs = new RunRows(this.#database);
    this.#state = new State(this.#database);
  }

  /** Throws ArchiveError `no_archive` where there is none. */
  static open(file: string): ArchiveReader {
    return new ArchiveReader(file);
  }

  /**
   * The run whose end is meant: the last recorded one that had ended by then. Runs that changed nothing are not
   * recorded, and nothing was different after them.
   * Throws ArchiveError `no_archive` for a time before the first run, UsageError for a run that was never made.
   */
  runAt(moment: Moment): number {
    return guarded(this.#file, () => {
      if (moment.kind === 'run' && moment.run > this.#runs.newest()) {
        throw new UsageError(
          `there was no run ${moment.run} yet; the last was ${this.#runs.newest()}`,
          'mailkeep history lists the runs',
        );
      }
      const found = moment.kind === 'run' ? this.#runs.upTo(moment.run) : this.#runs.endedBy(moment.time);
      if (found !== null) return found.run;
      const first = this.#runs.first();
      const since = first === null ? null : new Date(first.startedAt + first.durationMs).toISOString();
      throw new ArchiveError(`there was no archive in ${dirname(this.#file)} at that time`, {
        code: 'no_archive',
        hint:
          first === null
            ? 'no run has come to its end yet'
            : `its history begins with run ${first.run}, which ended ${since}`,
      });
    });
  }

  /** With `at`, as it was at the end of that run, see `runAt`. */
  status(which: { readonly at?: number | null } = {}): ArchiveStatus {
    const { at = null } = which;
    return guarded(this.#file, () => (at === null ? this.#status() : this.#statusAt(at)));
  }

  #status(): ArchiveStatus {
    const counts = this.#database
      .prepare<[], { messages: number; bytes: number; removed: number }>(
        `SELECT coalesce(sum(messages), 0) AS messages, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(removed), 0) AS removed
           FROM mail_count`,
      )
      .get()!;
    const lastSuccessAt = this.#state.get('last_success_at');
    return {
      ...counts,
      lastReport: this.#lastReport(),
      lastSuccessAt: lastSuccessAt === null ? null : Number(lastSuccessAt),
      hold: this.#state.get('hold'),
      failures: new SettleRows(this.#database).failures(),
      mailboxes: this.#mailboxes.status(),
    };
  }

  #statusAt(run: number): ArchiveStatus {
    const row = this.#runs.upTo(run);
    const endedAt = row === null ? null : row.startedAt + row.durationMs;
    return {
      ...countsAt(this.#database, run),
      lastReport:
        row === null
          ? null
          : {
              ...row,
              account: this.#account,
              status: row.status as RunStatus,
              failures: [],
              error: null,
            },
      lastSuccessAt: this.#runs.lastSuccessUpTo(run),
      hold: row?.hold === true ? HELD : null,
      failures: [],
      mailboxes: this.#mailboxes
        .at(run)
        .filter(({ listed }) => listed)
        .map((mailbox) => mailboxStatusAt(this.#database, mailbox, run, endedAt))
        .sort((a, b) => (a.path < b.path ? -1 : 1)),
    };
  }

  /** As status(), for one who asks often. */
  lastRun(): LastRun {
    return guarded(this.#file, () => {
      const good = this.#state.get('last_success_at');
      const report = this.#lastReport();
      return {
        startedAt: report?.startedAt ?? null,
        lastGoodAt: good === null ? null : Number(good),
        cutShort: report?.status === 'failed' || this.#state.get('unfinished_run') !== null,
      };
    });
  }

  history(): RunRow[] {
    return guarded(this.#file, () => this.#runs.history());
  }

  /**
   * With `at`, those known at the end of that run, with the names, generation and UIDVALIDITY they had then;
   * their folder is the one of today, because that is where files lie.
   */
  mailboxes(which: { readonly at?: number | null } = {}): IndexedMailbox[] {
    const { at = null } = which;
    return guarded(this.#file, () => (at === null ? this.#mailboxes.all() : this.#mailboxes.at(at)));
  }

  /** What belongs to `placements` and has no file any more: pruned since, or lost. */
  absent(
    mailbox: IndexedMailbox,
    which: { readonly removed: boolean; readonly at?: number | null },
  ): AbsentPlacement[] {
    const { removed, at = null } = which;
    return guarded(this.#file, () => absentPlacements(this.#database, mailbox, { removed, at }));
  }

  /**
   * Placements with a file, by UID: those on the server, and with `removed` also those that had left it. With
   * `at`, as it was at the end of that run, with the flags of then; the file may lie anywhere by now.
   */
  *placements(
    mailbox: IndexedMailbox,
    which: { readonly removed: boolean; readonly at?: number | null },
  ): Generator<SelectedPlacement> {
    const { removed, at = null } = which;
    try {
      if (at !== null) yield* placementsAt(this.#database, mailbox, { removed, at });
      else yield* this.#presentPlacements(mailbox, removed);
    } catch (error) {
      throw asArchiveError(error, this.#file);
    }
  }

  *#presentPlacements(mailbox: IndexedMailbox, removed: boolean): Generator<SelectedPlacement> {
    const rows = this.#database
      .prepare<
        [number, number],
        MaildirName & {
          letters: string;
          flags: string;
          tree: Tree;
          messageId: string | null;
          headerSha256: string;
          emailId: string | null;
          labels: string | null;
        }
      >(
        `SELECT p.generation, p.uid, p.received_at AS receivedAt, p.letters, p.tree, f.flags, lower(hex(g.sha256)) AS sha256, g.size,
                g.message_id AS messageId, lower(hex(g.header_sha256)) AS headerSha256, p.email_id AS emailId,
                (SELECT s.labels FROM placement_labels l JOIN label_set s ON s.id = l.label_set
                 WHERE l.placement = p.id AND l.last_run IS NULL) AS labels
         FROM placement p JOIN message g ON g.id = p.message JOIN flag_set f ON f.id = p.flag_set
         WHERE p.mailbox = ? AND p.tree IS NOT NULL AND (p.last_run IS NULL OR ?) ORDER BY p.generation, p.uid`,
      )
      .iterate(mailbox.id, removed ? 1 : 0);
    for (const row of rows) {
      yield {
        uid: row.uid,
        removed: row.tree === 'removed',
        sha256: row.sha256,
        size: row.size,
        flags: row.flags,
        labels: row.labels === null ? null : labelList(row.labels),
        receivedAt: row.receivedAt,
        messageId: row.messageId,
        headerSha256: row.headerSha256,
        emailId: row.emailId,
        place: placeOf({ ...row, folder: mailbox.folder }),
      };
    }
  }

  close(): void {
    this.#database.close();
  }

  /** An account's folder has its name. */
  get #account(): string {
    return basename(dirname(this.#file));
  }

  #lastReport(): SyncReport | null {
    const text = this.#state.get('last_report');
    // A report that was told by the journal knows no name.
    return text === null ? null : { ...(JSON.parse(text) as SyncReport), account: this.#account };
  }
}

/** Why the account was on hold then is not kept. */
const HELD = 'the losses seen by then were not believed';

/** What the archive tells of the last run that came to an end. */
export interface LastRun {
  readonly startedAt: number | null;
  /** When the last good run ended. */
  readonly lastGoodAt: number | null;
  /** The last run failed, or was killed. */
  readonly cutShort: boolean;
}
