/**
 * Runs and single facts about the account. A run takes its number durably before it does anything, so
 * numbers never repeat; only runs that changed something or went wrong leave a row.
 */
import type { RunRow } from '../core/archive-ports.js';
import { isWorthALine } from '../core/journal.js';
import type { SyncReport } from '../core/report.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';

type StoredRun = Omit<RunRow, 'hold'> & { hold: number };

const COLUMNS = `run, started_at AS startedAt, duration_ms AS durationMs, status, tier, added, adopted, moved,
  flags_changed AS flagsChanged, removed, failed, bytes_downloaded AS bytesDownloaded, mailboxes,
  mailboxes_changed AS mailboxesChanged, hold`;

export class RunRows {
  readonly #database: Database;
  readonly #journal: JournalRows;

  constructor(database: Database) {
    this.#database = database;
    this.#journal = new JournalRows(database);
  }

  get(key: string): string | null {
    const row = this.#database
      .prepare<[string], { value: string }>('SELECT value FROM state WHERE key = ?')
      .get(key);
    return row?.value ?? null;
  }

  set(key: string, value: string | null): void {
    if (value === null) this.#database.prepare('DELETE FROM state WHERE key = ?').run(key);
    else
      this.#database
        .prepare(
          'INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
        )
        .run(key, value);
  }

  begin(): { run: number; unclean: boolean } {
    return this.#database.transaction(() => {
      const run = Number(this.get('next_run') ?? '1');
      const unclean = this.get('unfinished_run') !== null;
      this.set('next_run', String(run + 1));
      this.set('unfinished_run', String(run));
      return { run, unclean };
    })();
  }

  finish(report: SyncReport, retired: boolean): void {
    this.#database.transaction(() => {
      this.set('last_report', JSON.stringify(report));
      if (report.status === 'ok') this.set('last_success_at', String(report.startedAt + report.durationMs));
      this.set('unfinished_run', null);
      if (retired) {
        this.set('retired_run', String(report.run));
        this.set('accepted', null);
      }
      if (report.run !== null && isWorthALine(report, this.#journal.count()))
        this.#insert(report.run, report);
      this.#journal.clear();
    })();
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
    return Number(this.get('next_run') ?? '1') - 1;
  }

  /** When the last good run up to this one had ended, as far as it is recorded. */
  lastSuccessUpTo(run: number): number | null {
    return this.#database
      .prepare<[number], { at: number | null }>(
        `SELECT max(started_at + duration_ms) AS at FROM run WHERE run <= ? AND status = 'ok'`,
      )
      .get(run)!.at;
  }

  #insert(run: number, report: SyncReport): void {
    this.#database
      .prepare(
        `INSERT INTO run (run, started_at, duration_ms, status, tier, added, adopted, moved, flags_changed, removed, failed, bytes_downloaded,
           mailboxes, mailboxes_changed, hold)
         VALUES (@run, @startedAt, @durationMs, @status, @tier, @added, @adopted, @moved, @flagsChanged, @removed, @failed, @bytesDownloaded,
           @mailboxes, @mailboxesChanged, @hold)`,
      )
      .run({
        run,
        startedAt: report.startedAt,
        durationMs: Math.round(report.durationMs),
        status: report.status,
        tier: report.tier,
        added: report.added,
        adopted: report.adopted,
        moved: report.moved,
        flagsChanged: report.flagsChanged,
        removed: report.removed,
        failed: report.failed,
        bytesDownloaded: report.bytesDownloaded,
        mailboxes: report.mailboxes,
        mailboxesChanged: report.mailboxesChanged,
        hold: report.hold ? 1 : 0,
      });
  }
}

function asRow(row: StoredRun): RunRow {
  return { ...row, hold: row.hold === 1 };
}
