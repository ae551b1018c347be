// A whole account, first run and second run, on a real Dovecot in each tier and with each engine: the archive equals
// what the server says, and a second run finds nothing to do.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLines, type Lines, serverLines, storeState } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Tier } from '../support/dovecot-config.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { randomFrom } from '../support/random.js';

const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];
const COUNT = 2000;

/** Their parents, where they have any, are \Noselect. */
const MAILBOXES = [
  'INBOX',
  'Mit Leerzeichen  und mehr',
  'v1.2.3.final',
  'R&D & Sons',
  '100% sicher',
  '50%20off',
  'He said "hi"',
  "it's",
  '日本語/仕事/請求書',
  'Büro/Ablage',
  'a/b/c/d/e/f/g/h/i/j/k/l',
  'back\\slash',
  'Emoji 😀',
  '[Gmail]/Alle Nachrichten',
  'Sent',
];
/** A "%" that would read as an encoding is encoded itself. */
const FOLDERS = { '50%20off': '50%2520off' };

const NOTHING = {
  status: 'ok',
  mailboxes_changed: 0,
  added: 0,
  adopted: 0,
  bytes_downloaded: 0,
  flags_changed: 0,
  moved: 0,
  removed: 0,
  failed: 0,
  hold: false,
  failures: [],
  error: null,
};

async function fill(server: Dovecot): Promise<void> {
  const random = randomFrom(4711);
  const messages = makeMessages({ seed: 4711, count: COUNT, medianBytes: 3000, mostBytes: 400_000 });
  const share = Math.ceil(COUNT / MAILBOXES.length);
  for (const [at, mailbox] of MAILBOXES.entries())
    await server.putMessages('alice', mailbox, messages.slice(at * share, (at + 1) * share));
  const client = await server.client('alice');
  for (const mailbox of MAILBOXES) {
    await client.mailboxOpen(mailbox);
    for (const keyword of ['$Forwarded', '$Label1', 'Work', 'junk-or-not', '$MDNSent'].slice(
      random.integer(0, 3),
    )) {
      const uids = Array.from({ length: 20 }, () => random.integer(1, share));
      await client.messageFlagsAdd(uids.join(','), [keyword], { uid: true });
    }
  }
  await client.logout();
}

describe.each(TIERS)('sync from Dovecot, %s', (tier) => {
  describeWithDovecot('a whole account', () => {
    let server: Dovecot;
    let expected: Lines;
    beforeAll(async () => {
      server = await Dovecot.start({ tier });
      await fill(server);
      expected = serverLines(await server.state('alice'), FOLDERS);
    });
    afterAll(() => server?.stop());

    test.each(ENGINES)(
      'is stored as the server holds it, and a second run is all zeros (%s)',
      async (engine) => {
        expect(Object.values(expected).flat()).toHaveLength(COUNT);
        const account = { port: server.port, user: 'alice', password: server.password, engine };
        await using mailkeep = await Mailkeep.create(account);
        const first = await mailkeep.sync();
        expect(first.code).toBe(0);
        expect(first.report).toMatchObject({ status: 'ok', tier, added: COUNT, mailboxes: MAILBOXES.length });
        expect(archiveLines(mailkeep.archive())).toEqual(expected);

        const second = await mailkeep.sync();
        expect(second.code).toBe(0);
        expect(second.report).toMatchObject({ ...NOTHING, tier, mailboxes: MAILBOXES.length });
        expect(archiveLines(mailkeep.archive())).toEqual(expected);
        expect(await mailkeep.check()).toMatchObject({
          code: 0,
          files: COUNT,
          read_data: true,
          missing: [],
          corrupt: [],
          unindexed: [],
        });
        const full = await mailkeep.sync('--full');
        expect(full.report).toMatchObject(NOTHING);
      },
    );
  });
});

describe.each(TIERS)('a second run, %s', (tier) => {
  test.each(ENGINES)('asks for no body and opens nothing that proves unchanged (%s)', async (engine) => {
    await using server = await ImapServer.start({ users: { alice: 'secret' }, tier });
    const store = server.store('alice');
    for (const name of ['INBOX', 'Work', 'Work/Sub', 'Sent']) {
      const mailbox = store.find(name) ?? store.create(name);
      for (const { body } of makeMessages({ seed: name.length, count: 25, medianBytes: 500 }))
        mailbox.append({ body, flags: ['\\Seen', 'Work'] });
    }
    await using mailkeep = await Mailkeep.create({
      port: server.port,
      user: 'alice',
      password: 'secret',
      engine,
    });
    const first = await mailkeep.sync();
    expect(first.report).toMatchObject({ status: 'ok', added: 100 });
    expect(server.stats.bodyFetches).toBe(100);
    expect(archiveLines(mailkeep.archive())).toEqual(serverLines(storeState(store)));
    server.stats.reset();
    server.log.reset();
    const second = await mailkeep.sync();
    expect(second.report).toMatchObject(NOTHING);
    expect([server.stats.bodyFetches, server.stats.headerFetches]).toEqual([0, 0]);
    expect(server.log.named('SELECT')).toEqual([]);
    expect(server.log.named('EXAMINE')).toHaveLength(tier === 'plain' ? 4 : 0);
  });
});
