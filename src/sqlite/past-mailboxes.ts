/**
 * What mailboxes were called and which UIDs they had before. Whoever changes the names, the generation or
 * the place in the list of a row keeps the former state first, in the same transaction.
 */
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { Database } from './database.js';

/** Called inside a transaction, before the row changes. What changes twice in one run is kept once. */
export function keepMailbox(database: Database, mailbox: number, run: number): void {
  database
    .prepare(
      `INSERT INTO past_mailbox (mailbox, first_run, last_run, wire_name, path, components, special_use, generation, uid_validity, listed)
       SELECT id, since_run, @run, wire_name, path, components, special_use, generation, uid_validity, last_run IS NULL
       FROM mailbox WHERE id = @mailbox AND since_run < @run`,
    )
    .run({ mailbox, run });
  database.prepare('UPDATE mailbox SET since_run = @run WHERE id = @mailbox').run({ mailbox, run });
}

/** The mailboxes that the archive knew at the end of a run, as they were then; `now` are the present ones. */
export function mailboxesAt(
  database: Database,
  now: readonly (IndexedMailbox & { readonly sinceRun: number })[],
  run: number,
): IndexedMailbox[] {
  const past = database.prepare<{ mailbox: number; run: number }, PastMailbox>(
    `SELECT wire_name AS wireName, path, components, special_use AS specialUse, generation, uid_validity AS uidValidity, listed
     FROM past_mailbox WHERE mailbox = @mailbox AND first_run <= @run AND last_run > @run`,
  );
  return now.flatMap(({ sinceRun, ...mailbox }) => {
    if (sinceRun <= run) return [mailbox];
    const then = past.get({ mailbox: mailbox.id, run });
    if (then === undefined) return [];
    const components = JSON.parse(then.components) as string[];
    return [{ ...mailbox, ...then, components, listed: then.listed === 1, checkpoint: null }];
  });
}

interface PastMailbox {
  wireName: string;
  path: string;
  components: string;
  specialUse: string | null;
  generation: number;
  uidValidity: string | null;
  listed: number;
}
