// A message that can't be had is asked for again with growing pauses, and stands in every report until it is here.

import { describe, expect, test } from 'vitest';
import { nilBody } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup } from './backup.js';

const MINUTE = 60_000;

describe.each(ENGINES)('a message that fails (%s)', (engine) => {
  test('is tried by the next two runs, then after 5, 10, 20 minutes and so on, at last once a day', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    await using backup = new Backup();
    const { inbox } = server.store('alice');
    for (const { body } of makeMessages({ seed: 12, count: 4, medianBytes: 400 })) inbox.append({ body });
    const fault = server.faults.add({ command: 'UID FETCH', uid: 3, text: /BODY/ }, nilBody());
    let now = Date.UTC(2026, 0, 1);
    const settings = {
      ...settingsFor({ port: server.port, password: 'pass' }, 'alice', engine),
      clock: () => now,
    };
    const isTried = async () => {
      const before = fault.hits;
      const report = await backup.sync(settings);
      expect(report).toMatchObject({ status: 'incomplete', failed: 1 });
      expect(report.failures).toEqual([{ mailbox: 'INBOX', uid: 3, reason: expect.stringMatching(/NIL/) }]);
      return fault.hits > before;
    };
    expect(await isTried()).toBe(true);
    for (let run = 0; run < 2; run++) {
      now += 1000;
      expect(await isTried()).toBe(true);
    }
    for (const pause of [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440]) {
      now += pause * MINUTE - 1;
      expect([pause, await isTried()]).toEqual([pause, false]);
      now += 1;
      expect([pause, await isTried()]).toEqual([pause, true]);
    }
    server.faults.clear();
    now += 1440 * MINUTE;
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: 1, failed: 0, failures: [] });
    expect(await backup.findings()).toEqual([]);
  });
});
