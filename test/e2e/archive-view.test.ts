// The picture of an archive that health and metrics are drawn from, against a real index.

import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AccountConfig } from '../../src/config/config.js';
import type { Log } from '../../src/core/log.js';
import { ArchiveView } from '../../src/wiring/archive-view.js';
import { readConfig } from '../../src/wiring/surroundings.js';
import { Wiring } from '../../src/wiring/wiring.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { PASSWORD, put } from './in-process.js';

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Counts how often the index is opened. */
async function watched(
  mailkeep: Mailkeep,
): Promise<{ wiring: Wiring; account: AccountConfig; reads: () => number }> {
  const around = {
    env: {},
    cwd: mailkeep.folder,
    clock: () => 0,
    warn: () => {},
    certificateEnds: new Map(),
  };
  const config = await readConfig(around, { file: mailkeep.configFile, dataDir: null });
  const wiring = new Wiring(config, around);
  let reads = 0;
  const open = wiring.reader.bind(wiring);
  wiring.reader = (account) => {
    reads++;
    return open(account);
  };
  return { wiring, account: config.accounts[0]!, reads: () => reads };
}

describe('the picture of an archive', () => {
  test('is taken once, and anew when a run has ended', async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD }, tier: 'qresync' });
    await using mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
    const { wiring, account, reads } = await watched(mailkeep);
    const view = new ArchiveView(silent);
    expect(view.statusOf(wiring, account).messages).toBe(0);
    put(server.store('alice'), 'INBOX', 3);
    await mailkeep.sync();
    view.outdate(account.name);
    expect(view.statusOf(wiring, account).messages).toBe(3);
    const before = reads();
    for (let n = 0; n < 20; n++) expect(view.statusOf(wiring, account).messages).toBe(3);
    expect(reads()).toBe(before);
    put(server.store('alice'), 'INBOX', 2);
    await mailkeep.sync();
    view.outdate(account.name);
    expect(view.statusOf(wiring, account).messages).toBe(5);
  });

  test('of a folder that can’t even be looked at is empty too, and hides no other account', async () => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    mkdirSync(dirname(mailkeep.root), { recursive: true });
    // As a disk that fails, the system refuses every look at it.
    symlinkSync(mailkeep.root, mailkeep.root);
    const { wiring, account } = await watched(mailkeep);
    expect(new ArchiveView(silent).statusOf(wiring, account).messages).toBe(0);
    expect(wiring.activity(account)).toBeNull();
  });

  test('of an index that can’t be read is empty, and somebody hears of it', async () => {
    await using mailkeep = await Mailkeep.create({ port: 1, user: 'alice', password: PASSWORD });
    const { wiring, account } = await watched(mailkeep);
    cpSync(mailkeep.configFile, join(mailkeep.root, 'index.db'));
    const warnings: string[] = [];
    const view = new ArchiveView({ ...silent, warn: (message) => warnings.push(message) });
    expect(view.statusOf(wiring, account)).toMatchObject({ messages: 0, lastReport: null });
    expect(warnings).toHaveLength(1);
  });
});
