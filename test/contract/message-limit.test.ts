// A server that answers for so many messages a command and no more (RFC 9738 MESSAGELIMIT) is followed whole.

import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import type { FaultAction } from '../support/imap-server/faults.js';
import { ImapServer } from '../support/imap-server/server.js';
import { capabilitiesOf } from '../support/imap-server/server-context.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const LIMIT = 20;
/** Neither a multiple of the limit nor one more: and one that is. */
const COUNTS = { INBOX: 3 * LIMIT + 7, Even: 2 * LIMIT, Few: 3 };

describe.each(ENGINES)('a server with a limit of messages for each command (%s)', (engine) => {
  test.each(['qresync', 'plain'] as const)('is followed whole (%s)', async (tier) => {
    const capabilities = [...capabilitiesOf({ users: {}, tier }), `MESSAGELIMIT=${LIMIT}`];
    await using server = await ImapServer.start({ users: { alice: 'pass' }, tier, capabilities });
    const store = server.store('alice');
    const put = (name: string, count: number, seed: number) => {
      const mailbox = store.find(name) ?? store.create(name);
      for (const { body, internalDate } of makeMessages({ seed, count, medianBytes: 300 }))
        mailbox.append({ body, internalDate: { seconds: internalDate, zone: 0 } });
    };
    /** Only the highest of the UIDs that were asked for. */
    const limited: FaultAction = {
      row: (row, { mailbox, touches }) => {
        const asked = store.mailbox(mailbox!).uids.filter(touches);
        return asked.slice(-LIMIT).includes(row.uid) ? [row] : [];
      },
    };
    for (const [name, count] of Object.entries(COUNTS)) put(name, count, name.length);
    const fault = server.faults.add({ command: 'UID FETCH' }, limited);
    await using backup = new Backup();
    const follow = async (expected: object) => {
      const report = await backup.sync(settingsFor({ port: server.port, password: 'pass' }, 'alice', engine));
      expect(report).toMatchObject({ status: 'ok', failures: [], tier: 'plain', ...expected });
      expect(backup.lines()).toEqual(filled(serverLines(storeState(store))));
    };
    await follow({ added: 3 * LIMIT + 7 + 2 * LIMIT + 3, removed: 0 });
    expect(fault.hits).toBeGreaterThan(0);
    // Flags and expunges far below the newest messages, and more new ones than one answer holds.
    store.inbox.setFlags([1, 2], 'add', ['\\Flagged']);
    store.inbox.expunge([5]);
    store.mailbox('Even').expunge([40]);
    put('INBOX', 2 * LIMIT + 1, 9);
    await follow({ added: 2 * LIMIT + 1, removed: 2, flagsChanged: 2 });
    await follow({ added: 0, removed: 0, flagsChanged: 0 });
    expect(await backup.findings()).toEqual([]);
  });
});
