// Everything the archive answers, now and for each run of its history, as plain data to compare.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rebuildIndex } from '../../src/jobs/rebuild-index.js';
import { JournalFile } from '../../src/journal/journal-file.js';
import { MaildirInventory } from '../../src/maildir/inventory.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import { openRebuild } from '../../src/sqlite/rebuild-index.js';

/**
 * Without the last report, which only the last run itself can give, and what the journal does not tell because the
 * next run learns it again: cursors and the identities of the server (EMAILID).
 */
export function answers(root: string, index = join(root, 'index.db')): unknown {
  const reader = ArchiveReader.open(index);
  try {
    const history = reader.history();
    const moments = [null, ...history.map(({ run }) => run)];
    return {
      history,
      moments: moments.map((at) => {
        const { lastReport, lastSuccessAt, mailboxes, ...status } = reader.status({ at });
        const rows = mailboxes.map(({ lastSyncedAt, ...row }) => ({
          ...row,
          lastSyncedAt: at === null ? null : lastSyncedAt,
        }));
        return {
          at,
          ...status,
          rows,
          ...(at === null ? {} : { lastSuccessAt, lastReport: { ...lastReport, account: '' } }),
          mailboxes: reader.mailboxes({ at }).map(({ checkpoint, ...mailbox }) => ({
            ...mailbox,
            placements: [...reader.placements(mailbox as never, { removed: true, at })].map((placement) => {
              const { place, emailId, ...rest } = placement;
              const octets = readFileSync(join(root, place.tree, place.folder, 'cur', place.name));
              return { ...rest, octets: createHash('sha256').update(octets).digest('hex') };
            }),
          })),
        };
      }),
    };
  } finally {
    reader.close();
  }
}

export function rebuild(
  root: string,
  options: { readData?: boolean; signal?: AbortSignal; index?: string } = {},
) {
  return rebuildIndex(
    {
      journal: new JournalFile(join(root, 'journal.jsonl')),
      inventory: new MaildirInventory(root),
      index: openRebuild(options.index ?? join(root, 'index.db'), 'before'),
    },
    {
      account: 'test',
      readData: options.readData ?? false,
      signal: options.signal ?? new AbortController().signal,
    },
  );
}
