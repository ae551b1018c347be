/** The journal for a command that is no run, such as prune: together with the index whose changes it tells. */
import { join } from 'node:path';
import { JournalFile } from '../journal/journal-file.js';
import { type OpenSyncIndex, openSyncIndex } from '../sqlite/sync-index.js';

/** The caller holds the account's lock. */
export function withJournal(
  root: string,
  work: (ports: { index: OpenSyncIndex; journal: JournalFile }) => void,
): void {
  const index = openSyncIndex(join(root, 'index.db'));
  try {
    work({ index, journal: new JournalFile(join(root, 'journal.jsonl')) });
  } finally {
    index.close();
  }
}
