// A FETCH that leaves out as many new messages as were expunged since the last run leads to the count that EXISTS tells.
// Only another question shows what is missing; it is asked in the same visit, so it costs no round trip.

import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import { omitRow } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

describe.each(ENGINES)('new rows left out while as many messages were expunged (%s)', (engine) => {
  test.each(['condstore', 'qresync'] as const)('cost nothing on a %s server', async (tier) => {
    await using server = await ImapServer.start({ users: { alice: 'pass' }, tier });
    await using backup = new Backup();
    const { inbox } = server.store('alice');
    const settings = settingsFor({ port: server.port, password: 'pass' }, 'alice', engine);
    const put = (count: number, seed: number) => {
      for (const { body } of makeMessages({ seed, count, medianBytes: 400 })) inbox.append({ body });
    };
    const expectSame = () =>
      expect(backup.lines()).toEqual(filled(serverLines(storeState(server.store('alice')))));
    put(10, 1);
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: 10 });

    // Once: the visit is repeated, and nothing is amiss.
    inbox.expunge([2, 5]);
    put(3, 2);
    const rows = { command: 'UID FETCH', text: /INTERNALDATE/ };
    for (const uid of [11, 13]) server.faults.add({ ...rows, uid, times: 1 }, omitRow());
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: 3, removed: 2, failures: [] });
    expectSame();

    // Always: the run says so, and takes nothing for deleted.
    inbox.expunge([3, 7]);
    put(3, 3);
    for (const uid of [14, 16]) server.faults.add({ ...rows, uid }, omitRow());
    const blind = await backup.sync(settings);
    expect(blind).toMatchObject({ status: 'incomplete', added: 1, removed: 0 });
    expect(blind.failures).toMatchObject([{ mailbox: 'INBOX', uid: null }]);
    server.faults.clear();
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: 2, removed: 2 });
    expectSame();
  });
});
