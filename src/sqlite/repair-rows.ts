/** What repair changes in the index: content that is awaited again, and files that are taken in. */
import type { RepairIndex, TakenFile, UnknownName } from '../core/ports/proof.js';
import { AwaitedRows } from './awaited-rows.js';
import { guarded } from './database.js';
import { flagSetOf } from './flag-set.js';
import { ProofRows } from './proof-rows.js';
import { FILL_HEADER, SettleRows } from './settle-rows.js';

export class RepairRows extends ProofRows implements RepairIndex {
  isOnServer(placement: number): boolean {
    return guarded(
      this.path,
      () =>
        this.database
          .prepare<[number], { id: number }>(
            `SELECT p.id FROM placement p JOIN mailbox m ON m.id = p.mailbox
             WHERE p.id = ? AND p.gone_run IS NULL AND p.generation = m.generation AND m.last_run IS NULL`,
          )
          .get(placement) !== undefined,
    );
  }

  awaitContent(placements: readonly number[]): void {
    guarded(this.path, () => new SettleRows(this.database).lost(placements));
  }

  endWaiting(placements: readonly number[]): void {
    this.#write(() => new AwaitedRows(this.database).end(placements));
  }

  acceptLoss(placements: readonly number[]): void {
    this.#write(() => {
      new SettleRows(this.database).lost(placements);
      // Nothing is left to be done with what has left the server.
      const settle = this.database.prepare(
        'UPDATE placement SET settled = 1 WHERE id = ? AND last_run IS NOT NULL',
      );
      for (const placement of placements) settle.run(placement);
      new AwaitedRows(this.database).accept(placements);
    });
  }

  /** Unsettled where the server has it: the next run compares the flags. */
  takeIn(file: TakenFile & { readonly placement: number }): void {
    this.#write(() => {
      const message = this.#message(file);
      this.database
        .prepare(
          `UPDATE placement SET message = ?, tree = ?, letters = ?, settled = iif(gone_run IS NULL, 0, 1), attempts = 0,
             next_attempt_at = 0, last_error = NULL WHERE id = ?`,
        )
        .run(message, file.tree, file.letters, file.placement);
      this.database.prepare('DELETE FROM pruned WHERE placement = ?').run(file.placement);
    });
  }

  /** It left before the run that comes next, and nobody knows when: retention counts from then on. */
  takeInUnknown(file: TakenFile & UnknownName): void {
    this.#write(() => {
      const message = this.#message(file);
      this.database
        .prepare(
          `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, message, tree, letters,
             settled, adopted, first_run, gone_run, last_run, attempts, next_attempt_at)
           VALUES (@mailbox, @generation, @uid, @flagSet, @run, @receivedAt, @size, @message,
             @tree, @letters, 1, 0, @run, @run, @run, 0, 0)`,
        )
        .run({
          mailbox: file.mailbox,
          generation: file.generation,
          uid: file.uid,
          flagSet: flagSetOf(this.database, file.flags),
          receivedAt: file.receivedAt,
          size: file.body.size,
          message,
          tree: file.tree,
          letters: file.letters,
          run: Number(this.state.get('next_run') ?? '1'),
        });
    });
  }

  #message({ body, messageId }: TakenFile): number {
    this.database
      .prepare(
        `INSERT INTO message (sha256, size, header_sha256, message_id) VALUES (unhex(@sha), @size, unhex(@header), @messageId)
         ${FILL_HEADER}`,
      )
      .run({ sha: body.sha256, size: body.size, header: body.headerSha256, messageId });
    return this.database
      .prepare<[string], { id: number }>('SELECT id FROM message WHERE sha256 = unhex(?)')
      .get(body.sha256)!.id;
  }

  #write(work: () => void): void {
    guarded(this.path, () => this.database.transaction(work)());
  }
}
