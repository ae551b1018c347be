// What could not be stored stands in `status`, for people and as JSON, until it is.

import { describe, expect } from 'vitest';
import { nilBody } from '../support/imap-server/fault-actions.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';
import { put, testScene } from './in-process.js';

describe('status after a message that the server does not hand out', () => {
  testScene(
    'names it, how often it was tried and when it is tried again, until it is stored',
    async ({ server, store, mailkeep }) => {
      put(store, encodeModifiedUtf7('Büro'), 5);
      server.faults.add({ command: 'UID FETCH', uid: 2, text: /BODY/ }, nilBody());
      await mailkeep.sync();
      const { stdout } = await mailkeep.run('status');
      expect(stdout).toMatch(/not stored: Büro UID 2: .*NIL.* \(1 attempt, tried again with the next run\)/);
      for (let run = 0; run < 2; run++) await mailkeep.sync();
      expect((await mailkeep.run('status')).stdout).toMatch(
        /not stored: Büro UID 2: .* \(3 attempts, again from \d{4}-\d\d-\d\d \d\d:\d\d\)/,
      );
      const [account] = JSON.parse((await mailkeep.run('status', '--json')).stdout).accounts;
      expect(account.failures).toEqual([
        {
          mailbox: 'Büro',
          uid: 2,
          reason: expect.stringContaining('NIL'),
          attempts: 3,
          next_attempt_at: expect.stringMatching(/^\d{4}-.*Z$/),
        },
      ]);
      // Not asked for in this run, and still named.
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'incomplete', failed: 1 });

      server.faults.clear();
      store.mailbox(encodeModifiedUtf7('Büro')).expunge([2]);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', failed: 0 });
      expect((await mailkeep.run('status')).stdout).not.toContain('not stored');
    },
    { tiers: ['condstore'] },
  );
});
