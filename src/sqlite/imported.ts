/**
 * Rows of mail that came with an import, whether it comes now or is told again by the journal: placements
 * that have left the server with the run they came with, in a mailbox that is not listed.
 */
import type { MailboxNames } from '../core/journal.js';
import type { Database } from './database.js';
import { keepMailbox } from './past-mailboxes.js';

/** As a mailbox that was on the server with this generation and is gone: the next one it gets is higher. */
export function noteImportMailbox(
  database: Database,
  { run, generation, ...names }: MailboxNames & { readonly run: number; readonly generation: number },
): void {
  const known = database
    .prepare<[number], { generation: number }>('SELECT generation FROM mailbox WHERE id = ?')
    .get(names.mailbox);
  if (known === undefined) {
    const row = {
      ...names,
      run,
      next: generation + 1,
      components: JSON.stringify(names.components),
      subscribed: names.subscribed ? 1 : 0,
    };
    database
      .prepare(
        `INSERT INTO mailbox (id, wire_name, path, components, folder, special_use, subscribed, generation, on_server, first_run, last_run, since_run)
         VALUES (@mailbox, @wire_name, @path, @components, @folder, @special_use, @subscribed, @next, 0, @run, @run, @run)`,
      )
      .run(row);
  } else if (known.generation <= generation) {
    keepMailbox(database, names.mailbox, run);
    database.prepare('UPDATE mailbox SET generation = ? WHERE id = ?').run(generation + 1, names.mailbox);
  }
}

/** Without content and file, which are attached later. Returns the placement. */
export function addImported(
  database: Database,
  row: { run: number; mailbox: number; generation: number; uid: number; flagSet: number },
): number {
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, letters, settled, adopted, first_run, gone_run, last_run, attempts, next_attempt_at)
       VALUES (@mailbox, @generation, @uid, @flagSet, @run, 0, 0, '', 1, 0, @run, @run, @run, 0, 0)`,
    )
    .run(row);
  database.prepare('INSERT INTO imported (placement, size, open) VALUES (?, 0, 1)').run(lastInsertRowid);
  return Number(lastInsertRowid);
}

/** After a rebuild has attached the files: what a mailbox of the server holds too was found to be the same. */
export function settleImported(database: Database): void {
  database.exec(
    `UPDATE imported SET size = p.server_size, open = NOT EXISTS (
       SELECT 1 FROM placement r WHERE r.message = p.message AND NOT EXISTS (SELECT 1 FROM imported j WHERE j.placement = r.id))
     FROM placement p WHERE p.id = imported.placement`,
  );
}
