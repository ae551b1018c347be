// `sync --dry-run` only looks: it says what a run would bring, and neither folders nor messages appear.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';

describe('sync --dry-run', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;

  beforeAll(async () => {
    server = await ImapServer.start({ users: { mina: 'lamp' } });
    for (const marker of ['one', 'two', 'three'])
      server.store('mina').inbox.append({ body: markedMessage(marker) });
    server.store('mina').create('Empty');
    mailkeep = await Mailkeep.create({ port: server.port, user: 'mina', password: 'lamp' });
  });

  afterAll(async () => {
    await mailkeep.remove();
    await server.close();
  });

  test('counts what a first run would download and leaves the disk as it was', async () => {
    expect((await mailkeep.sync('--dry-run')).report).toMatchObject({ status: 'ok', added: 3, mailboxes: 2 });
    expect(server.stats.bodyFetches).toBe(0);
    expect(existsSync(join(mailkeep.folder, 'data'))).toBe(false);
    expect((await mailkeep.run('status')).code).toBe(10);
  });

  test('a real run after it brings all, the folder of the empty mailbox too', async () => {
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 3, mailboxes: 2 });
    expect(existsSync(join(mailkeep.root, 'mail/Empty/cur'))).toBe(true);
  });
});
