// What a batch leaves behind when the index refuses it: nothing that a later run could stumble over.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BodyBatch, type DatedPlacement } from '../../src/jobs/body-batch.js';
import type { SyncContext } from '../../src/jobs/sync-context.js';
import { MaildirStore } from '../../src/maildir/store.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mailkeep-batch-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('bodies behind a batch that could not be recorded are given up before flush throws', async () => {
  const store = new MaildirStore(root);
  await store.prepareFolders('mail', ['INBOX']);
  const refusal = new Error('the index refuses');
  const context = {
    letters: () => '',
    place: (tree: 'mail', _mailbox: number, { uid }: DatedPlacement) => ({
      tree,
      folder: 'INBOX',
      name: `${uid}:2,`,
    }),
    ports: {
      store,
      index: {
        known: () => new Set(),
        recordStored: () => {
          throw refusal;
        },
      },
    },
  } as unknown as SyncContext;
  const batch = new BodyBatch(context);
  let refused = 0;
  for (let uid = 1; uid <= 1000; uid++) {
    const writer = store.create('INBOX', 1_700_000_000);
    void writer.write(Buffer.from(`Subject: ${uid}\r\n\r\n`));
    const added = batch.add({ uid } as DatedPlacement, await writer.finish());
    if (added !== undefined)
      await added.catch(() => {
        refused += 1;
      });
  }
  await expect(batch.flush()).rejects.toBe(refusal);
  expect(refused).toBe(1);
  expect(readdirSync(join(root, 'mail/INBOX/tmp'))).toEqual([]);
  // What got its name before the index refused is taken in by the next run.
  expect(readdirSync(join(root, 'mail/INBOX/cur'))).toHaveLength(400);
});
