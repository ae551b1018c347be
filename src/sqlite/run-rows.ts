/**
 * Runs and single facts about the account. A run takes its number durably before it does anything, so
 * numbers never repeat; only runs that changed something or went wrong leave a row.
 */
import type { RunRow } from '../core/archive-ports.js';
import type { SyncReport } from '../core/report.js';
import type { Database } from './database.js';

export class RunRows {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
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
      if (report.run !== null && isWorthARow(report)) this.#insert(report.run, report);
    })();
  }

  history(): RunRow[] {
    return this.#database
      .prepare<[], RunRow>(
        `SELECT run, started_at AS startedAt, duration_ms AS durationMs, status, tier, added, adopted, moved,
                flags_changed AS flagsChanged, removed, failed, bytes_downloaded AS bytesDownloaded
         FROM run ORDER BY run DESC`,
      )
      .all();
  }

  #insert(run: number, report: SyncReport): void {
    this.#database
      .prepare(
        `INSERT INTO run (run, started_at, duration_ms, status, tier, added, adopted, moved, flags_changed, removed, failed, bytes_downloaded)
         VALUES (@run, @startedAt, @durationMs, @status, @tier, @added, @adopted, @moved, @flagsChanged, @removed, @failed, @bytesDownloaded)`,
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
      });
  }
}

function isWorthARow(report: SyncReport): boolean {
  return (
    report.status !== 'ok' ||
    report.added + report.adopted + report.flagsChanged + report.removed + report.moved > 0
  );
}
