/**
 * Names of mailboxes as the journal tells them, into an index that is made anew. Throws RangeError for what makes
 * no sense.
 */
import type { MailboxNames } from '../core/journal.js';
import type { Database } from './database.js';
import { keepMailbox } from './past-mailboxes.js';

/** Whatever the mailbox was before, it has these names from now on. */
export function listMailbox(database: Database, names: MailboxNames, run: number): void {
  const row = { ...rowOf(names), run };
  const old = database
    .prepare<[number], { path: string; wire: string; special: string | null; gone: number | null }>(
      'SELECT path, wire_name AS wire, special_use AS special, last_run AS gone FROM mailbox WHERE id = ?',
    )
    .get(names.mailbox);
  if (old === undefined) {
    database
      .prepare(
        `INSERT INTO mailbox (id, wire_name, path, components, folder, special_use, subscribed, generation, on_server, first_run, since_run)
         VALUES (@mailbox, @wire_name, @path, @components, @folder, @special_use, @subscribed, 1, 0, @run, @run)`,
      )
      .run(row);
    return;
  }
  const isSame = old.path === names.path && old.wire === names.wire_name && old.special === names.special_use;
  if (!isSame || old.gone !== null) keepMailbox(database, names.mailbox, run);
  setNames(database, row);
}

export function renameMailbox(
  database: Database,
  names: MailboxNames & { readonly successor: number },
  run: number,
): void {
  keepMailbox(database, names.mailbox, run);
  database.prepare('DELETE FROM past_mailbox WHERE mailbox = ?').run(names.successor);
  database.prepare('DELETE FROM mailbox WHERE id = ?').run(names.successor);
  setNames(database, rowOf(names));
}

function setNames(database: Database, row: object): void {
  const { changes } = database
    .prepare(
      `UPDATE mailbox SET wire_name = @wire_name, path = @path, components = @components, folder = @folder,
         special_use = @special_use, subscribed = @subscribed, last_run = NULL WHERE id = @mailbox`,
    )
    .run(row);
  if (changes === 0) throw new RangeError('no such mailbox');
}

function rowOf(names: MailboxNames) {
  const { mailbox, path, wire_name, folder, special_use } = names;
  const components = JSON.stringify(names.components);
  return { mailbox, path, wire_name, folder, special_use, components, subscribed: names.subscribed ? 1 : 0 };
}
