/**
 * Runs. A run takes its number durably before it does anything, so numbers never repeat; only runs that changed
 * something or went wrong leave a row.
 */

import { isWorthALine, type JournalLine } from '../core/journal.js';
import type { RunRow } from '../core/ports/archive.js';
import type { SourceTier } from '../core/ports/source.js';
import type { RunStatus, SyncReport } from '../core/report.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';
import { State } from './state.js';

type StoredRun = Omit<RunRow, 'hold'> & { hold: number };

const COLUMNS = `run, started_at AS startedAt, duration_ms AS durationMs, status, tier, added, adopted, moved,
  flags_changed AS flagsChanged, removed, failed, bytes_downloaded AS bytesDownloaded, mailboxes,
  mailboxes_changed AS mailboxesChanged, hold`;

export class RunRows {
  readonly #database: Database;
  readonly #state: State;
  readonly #journal: JournalRows;

  constructor(database: Database) {
    this.#database = database;
    this.#state = new State(database);
    this.#journal = new JournalRows(database);
  }

  begin(): { run: number; unclean: boolean } {
    return this.#database.transaction(() => {
      const run = Number(this.#state.get('next_run') ?? '1');
      const unclean = this.#state.get('unfinished_run') !== null;
      this.#state.set('next_run', String(run + 1));
      this.#state.set('unfinished_run', String(run));
      return { run, unclean };
    })();
  }

  finish(report: SyncReport, retired: boolean): void {
    this.#database.transaction(() => {
      this.#state.set('last_report', JSON.stringify(report));
      if (report.status === 'ok')
        this.#state.set('last_success_at', String(report.startedAt + report.durationMs));
      this.#state.set('unfinished_run', null);
      if (retired) {
        this.#state.set('retired_run', String(report.run));
        this.#state.set('accepted', null);
      }
      if (report.run !== null && isWorthALine(report, this.#journal.count())) {
        this.#insert(asRunRow(report.run, report));
        this.#journal.written(this.#journal.entries().seq + 1);
      }
    })();
  }

  /** A line that was written by a run which came no further. */
  recordJournaled(line: JournalLine): void {
    this.#database.transaction(() => this.#record(line))();
  }

  /** A line of the journal, for an index that is made anew from it; called inside a transaction. */
  recordTold(line: JournalLine): void {
    this.#record(line);
    this.#state.set('hold', line.hold);
    if (line.run === null) return;
    this.#state.set('next_run', String(line.run + 1));
    this.#state.set('last_report', JSON.stringify(reportOf(line.run, line)));
  }

  #record(line: JournalLine): void {
    if (line.run !== null) {
      this.#insert(runRowOf(line.run, line));
      if (line.status === 'ok')
        this.#state.set('last_success_at', String(Date.parse(line.started_at) + line.duration_ms));
      if (line.retired) {
        this.#state.set('retired_run', String(line.run));
        this.#state.set('accepted', null);
      }
    }
    this.#journal.written(line.seq);
  }

  history(): RunRow[] {
    return this.#database
      .prepare<[], StoredRun>(`SELECT ${COLUMNS} FROM run ORDER BY run DESC`)
      .all()
      .map(asRow);
  }

  /** The last recorded run up to this number. */
  upTo(run: number): RunRow | null {
    const row = this.#database
      .prepare<[number], StoredRun>(`SELECT ${COLUMNS} FROM run WHERE run <= ? ORDER BY run DESC LIMIT 1`)
      .get(run);
    return row === undefined ? null : asRow(row);
  }

  /** The last recorded run that had ended by this time, milliseconds since 1970 UTC. */
  endedBy(time: number): RunRow | null {
    const row = this.#database
      .prepare<[number], StoredRun>(
        `SELECT ${COLUMNS} FROM run WHERE started_at + duration_ms <= ? ORDER BY run DESC LIMIT 1`,
      )
      .get(time);
    return row === undefined ? null : asRow(row);
  }

  first(): RunRow | null {
    const row = this.#database
      .prepare<[], StoredRun>(`SELECT ${COLUMNS} FROM run ORDER BY run LIMIT 1`)
      .get();
    return row === undefined ? null : asRow(row);
  }

  /** The number of the last run that began. */
  newest(): number {
    return Number(this.#state.get('next_run') ?? '1') - 1;
  }

  /** When the last good run up to this one had ended, as far as it is recorded. */
  lastSuccessUpTo(run: number): number | null {
    return this.#database
      .prepare<[number], { at: number | null }>(
        `SELECT max(started_at + duration_ms) AS at FROM run WHERE run <= ? AND status = 'ok'`,
      )
      .get(run)!.at;
  }

  #insert(row: RunRow): void {
    this.#database
      .prepare(
        `INSERT INTO run (run, started_at, duration_ms, status, tier, added, adopted, moved, flags_changed, removed, failed, bytes_downloaded,
           mailboxes, mailboxes_changed, hold)
         VALUES (@run, @startedAt, @durationMs, @status, @tier, @added, @adopted, @moved, @flagsChanged, @removed, @failed, @bytesDownloaded,
           @mailboxes, @mailboxesChanged, @hold)`,
      )
      .run({ ...row, hold: row.hold ? 1 : 0 });
  }
}

function asRunRow(run: number, report: SyncReport): RunRow {
  const { startedAt, status, tier, added, adopted, moved, flagsChanged, removed, failed } = report;
  const { bytesDownloaded, mailboxes, mailboxesChanged, hold } = report;
  const durationMs = Math.round(report.durationMs);
  return {
    run,
    startedAt,
    durationMs,
    status,
    tier,
    added,
    adopted,
    moved,
    flagsChanged,
    removed,
    failed,
    bytesDownloaded,
    mailboxes,
    mailboxesChanged,
    hold,
  };
}

/** Failures are not in the journal: they are named again by the next run. */
function reportOf(run: number, line: JournalLine): SyncReport {
  const { status, tier, hold, ...counts } = runRowOf(run, line);
  return { ...counts, account: '', status: status as RunStatus, tier, hold, failures: [], error: null };
}

function runRowOf(run: number, line: JournalLine): RunRow {
  return {
    run,
    startedAt: Date.parse(line.started_at),
    durationMs: line.duration_ms,
    status: line.status,
    tier: line.tier as SourceTier | null,
    added: line.added,
    adopted: line.adopted,
    moved: line.moved,
    flagsChanged: line.flags_changed,
    removed: line.removed,
    failed: line.failed,
    bytesDownloaded: line.bytes_downloaded,
    mailboxes: line.mailboxes,
    mailboxesChanged: line.mailboxes_changed,
    hold: line.hold !== null,
  };
}

function asRow(row: StoredRun): RunRow {
  return { ...row, hold: row.hold === 1 };
}
