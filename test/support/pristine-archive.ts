// A scripted account and its archive for suites that spoil it: before each test the archive is as it was in the
// beginning.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { copyOf } from '../crash/crash-everywhere.js';
import { PASSWORD } from '../e2e/in-process.js';
import type { MailStore } from './imap-server/mail-store.js';
import { ImapServer } from './imap-server/server.js';
import { Mailkeep } from './mailkeep.js';

/** Ready once the hooks have run. */
export class PristineArchive {
  server!: ImapServer;
  store!: MailStore;
  mailkeep!: Mailkeep;

  /** With these keys at the top level of the config. */
  configure(top: Readonly<Record<string, unknown>> = {}): Promise<void> {
    return this.mailkeep.configure({ port: this.server.port, user: 'alice', password: PASSWORD, top });
  }
}

/** `prepare` fills the account and backs it up, once. */
export function pristineArchive(prepare: (it: PristineArchive) => Promise<void>): PristineArchive {
  const it = new PristineArchive();
  let whole: string;
  beforeAll(async () => {
    it.server = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'qresync' });
    it.store = it.server.store('alice');
    it.mailkeep = await Mailkeep.create({ port: it.server.port, user: 'alice', password: PASSWORD });
    await prepare(it);
    whole = copyOf(it.mailkeep.root, join(it.mailkeep.folder, 'whole'));
  }, 120_000);
  beforeEach(async () => {
    rmSync(it.mailkeep.root, { recursive: true, force: true });
    copyOf(whole, it.mailkeep.root);
    await it.configure();
  });
  afterAll(async () => {
    await it.mailkeep?.remove();
    await it.server?.[Symbol.asyncDispose]();
  });
  return it;
}
