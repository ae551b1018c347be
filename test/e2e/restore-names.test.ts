// Mailbox names that are made to do harm, or that no other server can spell: each goes to a mailbox or file of its own,
// none leaves its place, and what is called otherwise is said.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { ImapServer } from '../support/imap-server/server.js';
import { Mailkeep } from '../support/mailkeep.js';
import { linesByMailbox, restore, targetAccount } from './restore-stage.js';

/** As they go over the wire: "&...-" is modified UTF-7. */
const NAMES = [
  'INBOX',
  '..',
  '.',
  '../../etc/passwd',
  '~root',
  'cur',
  'new/tmp',
  '&AC8-', // a slash within one level
  'a&AC8-b',
  'a/b',
  'bell&AAc-',
  'line&AAoACg-s',
  'esc&ABsAWwAzADEAbQ-red',
  'rtl&IC4-gnp.exe',
  'CON',
  'com1.txt',
  'a:b',
  'a|b',
  'a?b*c',
  '-rf',
  '%41',
  'A',
  'dot.',
  'space ',
  ' ',
  '&2D3eAA-', // an emoji
  '&2AA-', // half of one
  `long ${'y'.repeat(180)}`,
  `long ${'y'.repeat(179)}z`,
  'INBOX/inside',
  'inbox.mbox',
  '#shared',
  'x&AAE-', // a control character
];

describeWithDovecot('mailbox names', () => {
  test('from a hostile server stay apart on a target and in exports', { timeout: 180_000 }, async () => {
    const source = await ImapServer.start({ users: { alice: 'pass' } });
    const target = await Dovecot.start();
    const others = [targetAccount('other', target, 'bob')];
    await using mailkeep = await Mailkeep.create({
      port: source.port,
      user: 'alice',
      password: 'pass',
      others,
    });
    try {
      for (const [n, name] of NAMES.entries()) {
        const box = source.store('alice').find(name) ?? source.store('alice').create(name);
        const date = { seconds: 1e9 + n, zone: 0 };
        box.append({ body: `Message-ID: <${n}@x>\r\nSubject: ${n}\r\n\r\nx\r\n`, internalDate: date });
      }
      const { code } = await mailkeep.sync('personal');
      expect(code).toBe(0);
      for (const args of [['--in-place'], ['--prefix', 'Back/../Up']]) {
        const first = await restore(mailkeep, '--to', 'other', ...args, '--verify');
        expect([first.report.error, first.report.failures]).toEqual([null, []]);
        expect([first.code, first.report.restored]).toEqual([0, NAMES.length]);
        const to = first.report.mailboxes.map((mailbox) => mailbox.to);
        expect(new Set(to).size).toBe(NAMES.length);
        for (const { from, to } of first.report.mailboxes) {
          if (args.length > 1) continue;
          const said = first.report.remarks.some((remark) => remark.startsWith(`${from}: `));
          expect([from, to, said || from === to]).toEqual([from, to, true]);
        }
        const again = await restore(mailkeep, '--to', 'other', ...args);
        expect([again.report.error, again.code]).toEqual([null, 0]);
        expect([again.report.restored, again.report.present]).toEqual([0, NAMES.length]);
      }
      const held = Object.values(linesByMailbox(await target.state('bob')));
      expect(held.map((lines) => lines.length)).toEqual(Array.from({ length: NAMES.length * 2 }, () => 1));

      for (const format of ['mbox', 'eml', 'maildir', 'zip']) {
        const around = join(mailkeep.folder, format);
        mkdirSync(around);
        const to = join(around, 'out');
        const run = await mailkeep.run('export', 'personal', '--format', format, '--to', to, '--json');
        expect([run.code, JSON.parse(run.stdout).exported]).toEqual([0, NAMES.length]);
        expect(readdirSync(around)).toEqual(['out']);
        if (format === 'zip') {
          execFileSync('unzip', ['-q', to, '-d', join(around, 'unpacked')]);
          expect(readdirSync(around).sort()).toEqual(['out', 'unpacked']);
        }
        const shown = await mailkeep.run(
          'export',
          'personal',
          '--format',
          format,
          '--to',
          join(around, 'again'),
        );
        expect(shown.stdout + shown.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }
    } finally {
      await source.close();
      await target.stop();
    }
  });
});
