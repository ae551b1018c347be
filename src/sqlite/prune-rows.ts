/** What retention reads and marks in the index. */
import { uniquePart } from '../core/mailbox/maildir-name.js';
import type { KnownFile } from '../core/ports/proof.js';
import type { ExpiredFile, PruneIndex } from '../core/ports/prune.js';
import { guarded } from './database.js';
import { JournalRows } from './journal-rows.js';
import { ProofRows } from './proof-rows.js';

export class PruneRows extends ProofRows implements PruneIndex {
  hold(): string | null {
    return guarded(this.path, () => this.state.get('hold'));
  }

  expired(before: number): ExpiredFile[] {
    const files = this.filesOf(
      `p.tree = 'removed' AND p.last_run IS NOT NULL AND p.settled = 1 AND ${LEFT_AT} <= ?
       AND NOT EXISTS (SELECT 1 FROM imported i WHERE i.placement = p.id AND i.open = 1)
       AND NOT EXISTS (SELECT 1 FROM awaited a JOIN placement q ON q.id = a.placement
                       WHERE a.message = p.message AND a.accepted = 0 AND (q.message IS NOT a.message OR q.tree IS NULL))
       AND NOT EXISTS (SELECT 1 FROM placement q WHERE q.message = p.message AND q.last_run IS NULL AND q.tree IS NULL)
       ORDER BY p.id`,
      before,
    );
    return guarded(this.path, () => {
      const leftAt = this.database.prepare<[number], { leftAt: number }>(
        `SELECT ${LEFT_AT} AS leftAt FROM placement p WHERE p.id = ?`,
      );
      return files.map((file) => ({ ...file, ...leftAt.get(file.placement)! }));
    });
  }

  intended(): KnownFile[] {
    return this.filesOf('p.id IN (SELECT placement FROM pruned WHERE done = 0) ORDER BY p.id');
  }

  intend(placements: readonly number[], at: number): void {
    this.#each(placements, (placement) =>
      this.database
        .prepare(
          'INSERT INTO pruned (placement, pruned_at, done) VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET pruned_at = excluded.pruned_at, done = 0',
        )
        .run(placement, at),
    );
  }

  /** The next run's line in the journal tells of it. */
  finish(placements: readonly number[]): void {
    const journal = new JournalRows(this.database);
    const files = placements.flatMap((placement) => this.file(placement) ?? []);
    guarded(this.path, () =>
      this.database.transaction(() => {
        for (const mailbox of new Set(files.map((file) => file.mailbox))) {
          const own = files.filter((file) => file.mailbox === mailbox);
          journal.add({
            do: 'prune',
            mailbox,
            path: own[0]!.path,
            files: own.map(({ place }) => uniquePart(place.name)),
          });
        }
        this.#mark(placements);
      })(),
    );
  }

  #mark(placements: readonly number[]): void {
    this.#each(placements, (placement) => {
      this.database.prepare(`UPDATE placement SET tree = NULL, letters = '' WHERE id = ?`).run(placement);
      this.database.prepare('UPDATE pruned SET done = 1 WHERE placement = ?').run(placement);
    });
  }

  abandon(placements: readonly number[]): void {
    this.#each(placements, (placement) =>
      this.database.prepare('DELETE FROM pruned WHERE placement = ? AND done = 0').run(placement),
    );
  }

  /** One transaction. */
  #each(placements: readonly number[], work: (placement: number) => unknown): void {
    guarded(this.path, () =>
      this.database.transaction(() => {
        for (const placement of placements) work(placement);
      })(),
    );
  }
}

/** Of placement p. A run without a row (it was cut short) counts as the next one that has one: nothing goes early. */
const LEFT_AT =
  '(SELECT r.started_at + r.duration_ms FROM run r WHERE r.run >= p.last_run ORDER BY r.run LIMIT 1)';
