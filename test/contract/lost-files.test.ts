// A message file that somebody took out of the archive is fetched again by the run that finds out.

import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

describe.each(ENGINES)('a file that is gone when its flags change (%s)', (engine) => {
  test('is fetched again in the same run', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    await using backup = new Backup();
    const store = server.store('alice');
    for (const { body } of makeMessages({ seed: 8, count: 6, medianBytes: 400 }))
      store.inbox.append({ body });
    const settings = settingsFor({ port: server.port, password: 'pass' }, 'alice', engine);
    await backup.sync(settings);
    for (const uid of [2, 5]) rmSync(backup.archive().get('INBOX')!.get(uid)!.file);
    store.inbox.setFlags([2, 3], 'add', ['\\Seen']);
    expect(await backup.sync(settings)).toMatchObject({
      status: 'ok',
      added: 1,
      flagsChanged: 2,
      failures: [],
    });
    // The other one is for check and repair to find: nothing made this run look at it.
    const whole = filled(serverLines(storeState(store)));
    expect(backup.lines()).toEqual({ INBOX: whole.INBOX!.filter((line) => !line.startsWith('5 ')) });
    expect(await backup.findings()).toEqual([expect.stringContaining('U5.')]);
  });

  test('is linked again where its content is in another mailbox too', async () => {
    await using server = await ImapServer.start({ users: { alice: 'pass' } });
    await using backup = new Backup();
    const store = server.store('alice');
    for (const { body } of makeMessages({ seed: 9, count: 3, medianBytes: 400 }))
      store.inbox.append({ body });
    store.create('Copies');
    store.copy('INBOX', [1, 2, 3], 'Copies');
    const settings = settingsFor({ port: server.port, password: 'pass' }, 'alice', engine);
    await backup.sync(settings);
    rmSync(backup.archive().get('INBOX')!.get(2)!.file);
    store.inbox.setFlags([2], 'add', ['\\Seen']);
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: 0, adopted: 1, failures: [] });
    expect(backup.lines()).toEqual(filled(serverLines(storeState(store))));
    expect(await backup.findings()).toEqual([]);
  });
});
