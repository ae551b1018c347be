// An exported Maildir tree is served by Dovecot as it lies: mailboxes, UIDVALIDITY, UIDs, UIDNEXT, flags, keywords,
// dates and octets are those of the server the mail came from.

import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { MAIL_OWNER } from '../support/dovecot-config.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';

const MAILBOXES = [
  'INBOX',
  'INBOX/below',
  'Work',
  'Work/Old & gone',
  'Work/日本語/深い',
  'a.b c',
  '50%25 off',
  'star*question?',
  'quo"te back\\slash',
  'ä'.repeat(60),
];

const PASSWORD = 'secret';

describeWithDovecot('an exported Maildir tree', () => {
  let first: Dovecot;
  let second: Dovecot;
  let mailkeep: Mailkeep;
  beforeAll(async () => {
    [first, second] = await Promise.all([Dovecot.start(), Dovecot.start()]);
    for (const [at, mailbox] of MAILBOXES.entries())
      await first.putMessages('alice', mailbox, makeMessages({ seed: at, count: 30, medianBytes: 2000 }));
    const client = await first.client('alice');
    await client.mailboxCreate('Empty');
    await client.mailboxSubscribe('Work/日本語/深い');
    await client.mailboxOpen('Work');
    await client.messageFlagsAdd('1:5', ['$Forwarded', 'Project', '$Junk'], { uid: true });
    await client.messageDelete('7:9,30', { uid: true });
    mailkeep = await Mailkeep.create({ port: first.port, user: 'alice', password: first.password });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok' });
  });
  afterAll(async () => {
    await mailkeep?.remove();
    await first?.stop();
    await second?.stop();
  });

  const serve = async (user: string, ...query: string[]) => {
    const tree = join(second.folder, 'mail', user);
    const run = await mailkeep.run(
      'export',
      'personal',
      ...query,
      '--json',
      '--format',
      'maildir',
      '--to',
      tree,
    );
    execFileSync('chown', ['-R', `${MAIL_OWNER.uid}:${MAIL_OWNER.gid}`, tree]);
    return { run, tree, report: documentOf(run) };
  };

  test('is the account as it was: every mailbox, UID, flag, keyword, date and octet', async () => {
    const { run, report } = await serve('alice');
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(report).toMatchObject({ exported: 296, failed: 0, remarks: [] });
    expect(await second.state('alice')).toEqual(await first.state('alice'));

    const [was, is] = await Promise.all([first.client('alice'), second.client('alice')]);
    for (const mailbox of [...MAILBOXES, 'Empty']) {
      const asked = { uidNext: true, uidValidity: true, messages: true } as const;
      expect(await is.status(mailbox, asked)).toEqual(await was.status(mailbox, asked));
    }
    const subscribed = async (client: typeof was) =>
      (await client.list()).filter((each) => each.subscribed).map((each) => each.path);
    expect(await subscribed(is)).toEqual(await subscribed(was));
    expect(await second.log()).not.toMatch(/Error|Warning|Panic/);
  });

  test('has the files of the archive, not copies', async () => {
    const { tree } = await serve('linked', 'in:Work');
    const files = (folder: string) =>
      readdirSync(folder)
        .map((name) => statSync(join(folder, name)).ino)
        .sort();
    const archived = files(join(mailkeep.root, 'mail/Work/cur'));
    expect(archived).toHaveLength(26);
    expect(files(join(tree, 'Work/cur'))).toEqual(archived);
  });

  test('gives new messages UIDs that no message had before', async () => {
    await serve('grows');
    const client = await second.client('grows');
    // The last message on the server had UID 30 and is gone: without UIDNEXT its UID would be given out again.
    expect(await client.append('Work', 'Subject: new\r\n\r\nnew\r\n')).toMatchObject({ uid: 31 });
  });

  test('takes names that Dovecot refuses, under others', async () => {
    const names = [
      '.hidden',
      '~tilde',
      'cur',
      'a/tmp/b',
      'dovecot-uidlist',
      'subscriptions',
      'Work',
      'work',
      '%2Ehidden',
      `${'x&AOk-'.repeat(35)}`,
    ];
    await using odd = await ImapServer.start({ users: { alice: PASSWORD } });
    const store = odd.store('alice');
    for (const name of names) {
      const internalDate = { seconds: 1_500_000_000, zone: 0 };
      (store.find(name) ?? store.create(name)).append({ body: markedMessage(name), flags: [], internalDate });
    }
    await using other = await Mailkeep.create({ port: odd.port, user: 'alice', password: PASSWORD });
    expect((await other.sync()).report).toMatchObject({ status: 'ok', added: names.length });
    const tree = join(second.folder, 'mail/odd');
    const run = await other.run('export', 'personal', '--json', '--format', 'maildir', '--to', tree);
    expect([run.code, run.stderr, run.code === 0 ? '' : run.stdout]).toEqual([0, '', '']);
    execFileSync('chown', ['-R', `${MAIL_OWNER.uid}:${MAIL_OWNER.gid}`, tree]);
    const report = documentOf(run) as { remarks: string[]; mailboxes: { from: string; to: string }[] };
    const state = await second.state('odd');
    const held = [...state].flatMap(([name, { messages }]) =>
      [...messages.values()].map(({ sha256 }) => [name, sha256]),
    );
    expect(held).toHaveLength(names.length);
    expect(new Set(held.map(([, sha256]) => sha256)).size).toBe(names.length);
    expect([...state.keys()]).toEqual(
      expect.arrayContaining(['INBOX', 'Work', 'work', `${'xé'.repeat(35)}`]),
    );
    expect(report.remarks).toHaveLength(6);
    expect(await second.log()).not.toMatch(/Error|Panic/);
  });
});
