/**
 * What a rebuild found in the files and not in the journal goes into the next line of the journal, so that
 * it is told from then on: mail whose line was damaged, or that was here before there was a journal.
 */
import type { Tree } from '../core/ports/store.js';
import { uidRanges } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';

interface UntoldRow {
  mailbox: number;
  path: string;
  uidValidity: string | null;
  generation: number;
  uid: number;
  flags: string;
  tree: Tree | null;
  isNew: number;
  isGone: number;
}

/** `next`: the run that such rows were given. Called inside the rebuild's transaction. */
export function noteUntold(database: Database, next: number): void {
  const journal = new JournalRows(database);
  const added = database
    .prepare<[number], { id: number }>('SELECT id FROM mailbox WHERE first_run = ? ORDER BY id')
    .all(next);
  for (const { id } of added) journal.add({ do: 'list', ...journal.namesOf(id) });
  const rows = database
    .prepare<{ next: number }, UntoldRow>(
      `SELECT p.mailbox, m.path, m.uid_validity AS uidValidity, p.generation, p.uid, f.flags, p.tree, p.first_run = @next AS isNew,
              p.last_run IS NOT NULL AS isGone
       FROM placement p JOIN mailbox m ON m.id = p.mailbox JOIN flag_set f ON f.id = p.flag_set
       WHERE p.first_run = @next OR p.last_run = @next ORDER BY p.mailbox, p.generation, p.uid`,
    )
    .all({ next });
  for (const group of groups(rows)) {
    const { mailbox, path, generation, uidValidity } = group[0]!;
    const appeared: Record<string, string> = {};
    for (const flags of new Set(group.map((row) => row.flags))) {
      const uids = group.filter((row) => row.isNew === 1 && row.flags === flags).map(({ uid }) => uid);
      if (uids.length > 0) appeared[flags] = uidRanges(uids);
    }
    const isTold = Object.keys(appeared).length === 0;
    if (!isTold) journal.add({ do: 'see', mailbox, path, generation, uid_validity: uidValidity, appeared });
    const gone = group.filter((row) => row.isGone === 1).map(({ uid }) => uid);
    if (gone.length > 0) journal.add({ do: 'retire', mailbox, path, generation, uids: uidRanges(gone) });
  }
}

/** Rows of one mailbox and generation; they come in that order. */
function groups(rows: readonly UntoldRow[]): UntoldRow[][] {
  const found: UntoldRow[][] = [];
  let key = '';
  for (const row of rows) {
    const own = `${row.mailbox} ${row.generation}`;
    if (own !== key) found.push([]);
    key = own;
    found.at(-1)!.push(row);
  }
  return found;
}
