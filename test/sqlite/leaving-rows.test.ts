// A mailbox that got new UIDs leaves with all its placements, and every one of them lives on beside it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openIndex } from '../../src/sqlite/database.js';
import { LeavingRows } from '../../src/sqlite/leaving-rows.js';

test('what leaves a renumbered mailbox is found in a time that grows with it, and not with its square', () => {
  const [few, many] = [1000, 10_000].map(millisecondsFor) as [number, number];
  expect(many / few).toBeLessThan(40);
});

function millisecondsFor(count: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-leaving-'));
  const database = openIndex(join(folder, 'index.db'), { create: true });
  try {
    database.exec("INSERT INTO flag_set (id, flags) VALUES (1, '')");
    database.exec(`INSERT INTO mailbox (id, wire_name, path, components, folder, subscribed, generation, on_server, first_run,
      since_run) VALUES (1, 'INBOX', 'INBOX', '[]', 'INBOX', 1, 2, 0, 1, 1)`);
    const message = database.prepare(
      'INSERT INTO message (id, sha256, size, header_sha256) VALUES (?, randomblob(32), 1, randomblob(32))',
    );
    const placement = database.prepare(
      `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, message, tree, letters,
         settled, adopted, first_run, gone_run, attempts, next_attempt_at)
       VALUES (1, ?, ?, 1, 1, ?, 1, ?, 'mail', '', 1, ?, 1, ?, 0, 0)`,
    );
    database.transaction(() => {
      for (let n = 1; n <= count; n++) {
        message.run(n);
        placement.run(1, n, n, n, 0, 2);
        placement.run(2, n, n, n, 2, null);
      }
    })();
    const startedAt = performance.now();
    const [mailbox] = new LeavingRows(database).mailboxes();
    const tookMs = performance.now() - startedAt;
    expect(mailbox).toMatchObject({ leaving: count, moved: count });
    return tookMs;
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}
