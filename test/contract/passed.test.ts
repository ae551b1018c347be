// What keeps a run's memory small has to hear of every message, not only of those that are downloaded.

import { describe, expect, test } from 'vitest';
import { put } from '../e2e/in-process.js';
import { ImapServer } from '../support/imap-server/server.js';
import { settingsFor } from './backends.js';
import { Backup } from './backup.js';

const COUNT = 40;

describe('what went by in a run', () => {
  test('is told of messages that are fetched, compared, linked and retired', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' }, objectId: false });
    await using backup = new Backup();
    const store = server.store('alice');
    put(store, 'INBOX', COUNT);
    const passedIn = async () => {
      let last = { messages: 0, bytes: 0 };
      const settings = settingsFor({ port: server.port, password: 'pass' }, 'alice', 'wire');
      const report = await backup.sync({
        ...settings,
        onPassed: (passed) => {
          last = { ...passed };
        },
      });
      return { ...last, report };
    };
    const first = await passedIn();
    expect(first).toMatchObject({ messages: COUNT, bytes: first.report.bytesDownloaded });

    store.inbox.bumpUidValidity();
    const renumbered = await passedIn();
    expect(renumbered.report).toMatchObject({ added: 0, adopted: COUNT, moved: COUNT });
    // Once as its likeness was looked at, once as it was linked, once as its old name went.
    expect(renumbered.messages).toBe(3 * COUNT);
    expect(renumbered.bytes).toBe(renumbered.report.bytesDownloaded);
  });
});
