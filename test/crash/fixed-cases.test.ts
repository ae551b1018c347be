// Histories that once ended badly, kept as they were found.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Mailbox } from '../support/imap-server/mailbox.js';
import { markedMessage } from '../support/messages.js';
import { differences, fingerprint } from './archive-files.js';
import { demand, temporaryFolder } from './crash-everywhere.js';
import { shortAnswers } from './lies.js';
import { checkFindings, runOnce } from './one-run.js';
import { put } from './scenarios.js';
import { Unsynced } from './unsynced.js';

let folder: string;
let root: string;
beforeEach(() => {
  folder = temporaryFolder();
  root = join(folder, 'archive');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(['qresync', 'condstore', 'plain'] as const)('a %s server', (tier) => {
  const serverOf = (mail: MailStore) => ({ mail, tier, objectId: false });

  test('whose first answer was short and whose UIDs then mean other messages', async () => {
    const mail = new MailStore();
    for (const marker of ['one', 'two', 'three']) put(mail.inbox, marker);
    const first = await runOnce(root, serverOf(mail), { lie: shortAnswers(0, 0) });
    expect(first.report).toMatchObject({ status: 'incomplete', added: 2 });

    mail.inbox.expunge([1]);
    mail.inbox.bumpUidValidity({ renumber: true });
    const second = await runOnce(root, serverOf(mail));
    expect(second.report).toMatchObject({ status: 'ok', added: 0, adopted: 2 });
    await demand(root, serverOf(mail), {});
  });

  test('that answers short again and again under a new UIDVALIDITY is not taken for a new one each time', async () => {
    const mail = new MailStore();
    for (const marker of ['one', 'two', 'three']) put(mail.inbox, marker);
    await runOnce(root, serverOf(mail));
    mail.inbox.bumpUidValidity({ renumber: true });
    const shortly = { lie: shortAnswers(0, 0) };
    expect((await runOnce(root, serverOf(mail), shortly)).report).toMatchObject({
      status: 'incomplete',
      adopted: 2,
      moved: 2,
    });
    expect((await runOnce(root, serverOf(mail), shortly)).report).toMatchObject({
      status: 'incomplete',
      adopted: 0,
      moved: 0,
    });
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({
      status: 'ok',
      added: 0,
      adopted: 1,
      moved: 1,
    });
    await demand(root, serverOf(mail), {});
  });

  test('that was empty, and then tells of a new message but does not list it', async () => {
    const mail = new MailStore();
    await runOnce(root, serverOf(mail));
    put(mail.inbox, 'one');
    const lied = await runOnce(root, serverOf(mail), { lie: shortAnswers(0, 0) });
    expect(lied.report).toMatchObject({ status: 'incomplete' });
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({ status: 'ok' });
    await demand(root, serverOf(mail), {});
  });

  test('that was set up again from a copy tells its older flags', async () => {
    const younger = new MailStore();
    const older = new MailStore();
    for (const marker of ['one', 'two', 'three'])
      for (const mail of [younger, older]) put(mail.inbox, marker, ['\\Seen']);
    younger.inbox.setFlags([1], 'replace', ['\\Flagged']);
    younger.inbox.expunge([2]);
    put(younger.inbox, 'four');
    for (let turn = 0; turn < 5; turn++)
      younger.inbox.setFlags([3], turn % 2 === 0 ? 'remove' : 'add', ['\\Seen']);
    expect((await runOnce(root, serverOf(younger))).report).toMatchObject({ status: 'ok' });
    older.inbox.setFlags([3], 'add', ['\\Answered']);
    older.inbox.uidNext = younger.inbox.uidNext;
    expect((await runOnce(root, serverOf(older))).report).toMatchObject({ status: 'ok' });
    expect(differences(root, older)).toEqual([]);
    await demand(root, serverOf(older), {});
  });

  test('that was set up again from a copy and gave UIDs out anew', async () => {
    for (const news of [1, 2]) {
      const here = join(folder, `news-${news}`);
      const younger = populated();
      put(younger.inbox, 'lost');
      for (let turn = 0; turn < 10; turn++)
        younger.inbox.setFlags([3], turn % 2 === 0 ? 'add' : 'remove', ['\\Seen']);
      expect((await runOnce(here, serverOf(younger))).report).toMatchObject({ status: 'ok' });
      const older = populated();
      for (let number = 1; number <= news; number++) put(older.inbox, `after the copy, number ${number}`);
      older.inbox.setFlags([1], 'add', ['\\Flagged']);
      // Without MODSEQs only a full run can notice once UIDNEXT has caught up.
      const full = tier === 'plain';
      expect((await runOnce(here, serverOf(older), { full })).report).toMatchObject({
        status: 'ok',
        added: news,
      });
      await demand(here, serverOf(older), {});
      expect(fingerprint(here).filter((line) => line.startsWith('removed/'))).toHaveLength(1);
    }
  });

  test('whose mail is taken in after a kill, with the power cut right then', async () => {
    const mail = new MailStore();
    put(mail.inbox, 'one', ['Work']);
    let stops = 0;
    for (let killed = 12; ; killed++) {
      let done = false;
      for (let cut = 2; cut <= 5; cut++) {
        const here = join(folder, `stop-${killed}-${cut}`);
        const kept = join(folder, `kept-${killed}-${cut}`);
        mkdirSync(kept);
        const unsynced = new Unsynced(kept);
        const first = await runOnce(here, serverOf(mail), { crashAfter: killed, unsynced });
        done ||= first.report !== null;
        await runOnce(here, serverOf(mail), { crashAfter: cut, powerCut: true, unsynced });
        // What the index has is there, also before anything puts it right.
        const findings = await checkFindings(here);
        expect(findings.filter((line) => !line.endsWith('before it was recorded'))).toEqual([]);
        await runOnce(here, serverOf(mail));
        await demand(here, serverOf(mail), {});
        stops += 1;
      }
      if (done) break;
    }
    expect(stops).toBeGreaterThan(40);
  });

  test('that renames a mailbox to where files lie already', async () => {
    const mail = populated();
    put(mail.create('Archive'), 'four');
    await runOnce(root, serverOf(mail));
    mkdirSync(join(root, 'mail', 'Attic', 'cur'), { recursive: true, mode: 0o700 });
    writeFileSync(join(root, 'mail', 'Attic', 'cur', 'stray'), 'put here by somebody');
    mail.rename('Archive', 'Attic');
    expect((await runOnce(root, serverOf(mail))).report).toMatchObject({ status: 'ok', added: 0 });
    rmSync(join(root, 'mail', 'Attic', 'cur', 'stray'));
    await demand(root, serverOf(mail), {});
  });

  test('that shows a message again which it had told was gone, with the run in between cut short anywhere', async () => {
    for (let stop = 1; stop < 40; stop++) {
      const mail = populated();
      const here = join(folder, `stop-${stop}`);
      await runOnce(here, serverOf(mail));
      mail.inbox.expunge([2]);
      const { report } = await runOnce(here, serverOf(mail), { crashAfter: stop });
      const back = populated();
      back.inbox.highestModseq += 100n;
      await runOnce(here, serverOf(back));
      await runOnce(here, serverOf(back));
      await demand(here, serverOf(back), {});
      if (report !== null) return;
    }
  });
});

function populated(): MailStore {
  const mail = new MailStore();
  for (const marker of ['one', 'two', 'three']) append(mail.inbox, marker);
  return mail;
}

function append(mailbox: Mailbox, marker: string): void {
  mailbox.append({ body: markedMessage(marker), flags: ['Work'] });
}
