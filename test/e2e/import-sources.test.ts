// Copies of every other kind, and what somebody may have planted in one: everything is read or named, nothing is
// followed, waited for or changed.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { withPeakMemory } from '../support/peak-memory.js';
import { archived } from './every-tier.js';
import { onServer, PASSWORD, put } from './in-process.js';

const SLOW = { timeout: 300_000 };

interface Scene {
  readonly store: MailStore;
  readonly mailkeep: Mailkeep;
  readonly port: number;
}

function testImport(title: string, play: (scene: Scene) => Promise<void>): void {
  test(title, SLOW, async () => {
    await using server = await ImapServer.start({ users: { alice: PASSWORD } });
    const account = { port: server.port, user: 'alice', password: PASSWORD };
    await using mailkeep = await Mailkeep.create(account);
    await play({ store: server.store('alice'), mailkeep, port: server.port });
  });
}

function bodies(store: MailStore, mailbox: string): Buffer[] {
  const { uids } = store.mailbox(mailbox);
  return [...uids].map((uid) => Buffer.from(bodyOf(store.mailbox(mailbox).get(uid)!)));
}

const withLf = (body: Buffer) => Buffer.from(body.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');

function makeMaildir(folder: string, files: Readonly<Record<string, Buffer>>, modified?: number): void {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  for (const [name, octets] of Object.entries(files)) {
    writeFileSync(join(folder, 'cur', name), octets);
    if (modified !== undefined) utimesSync(join(folder, 'cur', name), modified, modified);
  }
}

function importOf(run: Run) {
  return documentOf(run) as unknown as {
    imported: number;
    present: number;
    failed: number;
    bytes: number;
    mailboxes: { from: string; to: string; imported: number; present: number; failed: number }[];
    failures: { file: string; reason: string }[];
  };
}

describe('import', () => {
  testImport(
    'takes a Maildir as OfflineIMAP keeps it: LF, names with dots, the dates of the server',
    async (scene) => {
      const { store, mailkeep } = scene;
      put(store, 'INBOX', 12);
      put(store, 'Work', 8);
      const copy = join(mailkeep.folder, 'Mail');
      for (const [mailbox, folder] of [
        ['INBOX', copy],
        ['Work', join(copy, '.Work')],
      ] as const) {
        for (const [at, body] of bodies(store, mailbox).entries())
          makeMaildir(
            folder,
            { [`1500000000_${at}.1.host,U=${at + 1},FMD5=0:2,S`]: withLf(body) },
            1_500_000_060 + at * 60,
          );
      }
      const done = importOf(await mailkeep.run('import', 'maildir', 'personal', copy, '--json'));
      expect(done.mailboxes).toMatchObject([
        { from: '', to: 'Imported/Mail/INBOX', imported: 12 },
        { from: '.Work', to: 'Imported/Mail/Work', imported: 8 },
      ]);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, adopted: 20 });
      expect(archived(mailkeep.archive())).toEqual(onServer(store));
      // With the server's dates an imported message and the one of the server are one inode.
      const links = readdirSync(join(mailkeep.root, 'mail/INBOX/cur')).map(
        (name) => statSync(join(mailkeep.root, 'mail/INBOX/cur', name)).nlink,
      );
      expect(links).toEqual(links.map(() => 2));
      expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
    },
  );

  testImport("takes an mbox that Python's mailbox wrote", async ({ store, mailkeep }) => {
    put(store, 'INBOX', 9);
    const source = join(mailkeep.folder, 'source');
    mkdirSync(source);
    for (const [at, body] of bodies(store, 'INBOX').entries())
      writeFileSync(join(source, `${at}.eml`), withLf(body));
    const mbox = join(mailkeep.folder, 'old.mbox');
    execFileSync('python3', [
      '-c',
      `import mailbox,os,sys
box = mailbox.mbox(sys.argv[2])
for name in sorted(os.listdir(sys.argv[1])):
    box.add(open(os.path.join(sys.argv[1], name), 'rb').read())
box.flush()`,
      source,
      mbox,
    ]);
    const done = importOf(await mailkeep.run('import', 'mbox', 'personal', mbox, '--json'));
    expect(done).toMatchObject({ imported: 9, failed: 0, mailboxes: [{ to: 'Imported/old.mbox/old' }] });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, adopted: 9 });
    expect(archived(mailkeep.archive())).toEqual(onServer(store));
    const again = importOf(await mailkeep.run('import', 'mbox', 'personal', mbox, '--json'));
    expect(again).toMatchObject({ imported: 0, present: 9 });
  });

  testImport(
    'takes the mbox files of imap-backup, and passes over the JSON beside them',
    async ({ store, mailkeep }) => {
      put(store, 'INBOX', 4);
      put(store, 'Work/Done', 3);
      const folder = join(mailkeep.folder, 'me_example.org');
      for (const mailbox of ['INBOX', 'Work/Done']) {
        const file = join(folder, `${mailbox}.mbox`);
        mkdirSync(dirname(file), { recursive: true });
        // As it writes them: LF, `From ` quoted once more, an empty line behind each message.
        const text = bodies(store, mailbox).map((body) => {
          const quoted = withLf(body)
            .toString('latin1')
            .replaceAll(/^(>*From )/gm, '>$1');
          return `From me@example.org Thu Jan 01 10:00:00 2015\n${quoted}\n`;
        });
        writeFileSync(file, text.join(''), 'latin1');
        writeFileSync(file.replace(/mbox$/, 'imap'), '{"version":3,"uid_validity":1,"messages":[]}');
      }
      const done = importOf(await mailkeep.run('import', 'mbox', 'personal', folder, '--json'));
      expect(done.mailboxes.map(({ to }) => to)).toEqual([
        'Imported/me_example.org/INBOX',
        'Imported/me_example.org/Work/Done',
      ]);
      expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 0, adopted: 7 });
      expect(archived(mailkeep.archive())).toEqual(onServer(store));
    },
  );

  testImport(
    'takes the mbox files of Thunderbird without what it adds to them',
    async ({ store, mailkeep }) => {
      put(store, 'Work', 3);
      const mbox = bodies(store, 'Work').map(
        (body) =>
          `From - Thu Jan 01 00:00:00 2015\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n${withLf(body)}\n`,
      );
      const folder = join(mailkeep.folder, 'imap.example.org');
      mkdirSync(join(folder, 'Parent.sbd'), { recursive: true });
      writeFileSync(join(folder, 'Parent.sbd/Work'), mbox.join(''));
      writeFileSync(join(folder, 'Parent.msf'), '// <!-- <mdb:mork -->');
      const done = importOf(await mailkeep.run('import', 'mbox', 'personal', folder, '--json'));
      expect(done.mailboxes).toMatchObject([{ to: 'Imported/imap.example.org/Parent/Work', imported: 3 }]);
      expect((await mailkeep.sync()).report).toMatchObject({ added: 0, adopted: 3 });
    },
  );

  testImport(
    'names what it can not take and follows, waits for and changes nothing',
    async ({ store, mailkeep }) => {
      put(store, 'INBOX', 2);
      const secret = join(mailkeep.folder, 'secret');
      writeFileSync(secret, 'Subject: not for the archive\n\nsecret\n');
      const copy = join(mailkeep.folder, 'Mail');
      const [first, second] = bodies(store, 'INBOX');
      makeMaildir(copy, {
        'good:2,S': withLf(first!),
        'a\u001b[31mred\n:2,': withLf(second!),
        'empty:2,': Buffer.alloc(0),
        '.hidden:2,': Buffer.from('Subject: hidden\n\n'),
      });
      const cur = join(copy, 'cur');
      symlinkSync(secret, join(cur, 'link:2,'));
      symlinkSync(secret, join(copy, 'dovecot-keywords'));
      makeMaildir(join(mailkeep.folder, 'elsewhere'), {
        'x:2,': Buffer.from('Subject: not for the archive\n\n'),
      });
      symlinkSync(join(mailkeep.folder, 'elsewhere'), join(copy, 'folder'));
      mkdirSync(join(cur, 'folder:2,'));
      execFileSync('mkfifo', [join(cur, 'fifo:2,')]);
      makeMaildir(join(copy, 'we\u001b]0;title\u0007ird'), {
        'in it:2,': Buffer.from('Subject: deep\n\nx\n'),
      });
      const before = readdirSync(cur).sort();

      const run = await mailkeep.run('import', 'maildir', 'personal', copy);
      expect(run.code).toBe(3);
      expect(run.stdout + run.stderr).not.toMatch(/[\u001b\u0007]/);
      const again = await mailkeep.run('import', 'maildir', 'personal', copy, '--json');
      expect(again.code).toBe(3);
      const document = importOf(again);
      expect(document).toMatchObject({ imported: 0, present: 3, failed: 4 });
      expect(document.failures.map(({ file }) => file).sort()).toEqual([
        'cur/empty:2,',
        'cur/fifo:2,',
        'cur/folder:2,',
        'cur/link:2,',
      ]);
      expect(readdirSync(cur).sort()).toEqual(before);
      expect((await mailkeep.run('search', 'secret')).stdout).not.toMatch(/not for the archive/);
      expect((await mailkeep.sync()).report).toMatchObject({ added: 0, adopted: 2 });
      expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [] });
    },
  );

  testImport('refuses a path that is no mail, or is the archive', async ({ store, mailkeep }) => {
    put(store, 'INBOX', 1);
    await mailkeep.sync();
    const journal = readFileSync(join(mailkeep.root, 'journal.jsonl'));
    mkdirSync(join(mailkeep.folder, 'nothing'));
    for (const path of [
      join(mailkeep.folder, 'missing'),
      join(mailkeep.folder, 'nothing'),
      mailkeep.root,
      dirname(mailkeep.root),
      mailkeep.folder,
    ]) {
      const run = await mailkeep.run('import', 'maildir', 'personal', path, '--json');
      expect([path, run.code]).toEqual([path, 2]);
      expect(documentOf(run)).toMatchObject({ error: { code: 'usage' } });
    }
    expect(readFileSync(join(mailkeep.root, 'journal.jsonl'))).toEqual(journal);
  });

  testImport(
    'keeps what the server does not have, whatever retention says',
    async ({ store, mailkeep, port }) => {
      put(store, 'INBOX', 2);
      const copy = join(mailkeep.folder, 'Mail');
      makeMaildir(copy, {
        'a:2,': withLf(bodies(store, 'INBOX')[0]!),
        'lost:2,S': Buffer.from('Subject: only here\n\nlost on the server\n'),
      });
      await mailkeep.run('import', 'maildir', 'personal', copy);
      expect((await mailkeep.sync()).report).toMatchObject({ added: 1, adopted: 1, removed: 0 });
      await mailkeep.configure({
        ...{ port, user: 'alice', password: PASSWORD },
        top: { retention: { removed: '0d' } },
      });
      const prune = documentOf(await mailkeep.run('prune', '--json')) as {
        accounts: { messages: { mailbox: string }[]; kept: unknown[] }[];
      };
      expect(prune.accounts[0]!.messages).toHaveLength(1);
      expect(prune.accounts[0]!.kept).toEqual([]);
      const found = await mailkeep.run('search', 'subject:only', '--json');
      expect(documentOf(found)).toMatchObject({ total: 1, messages: [{ removed: true, flags: ['\\Seen'] }] });
      expect(archived(mailkeep.archive())).toEqual(onServer(store));
      expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], unindexed: [] });
      // The journal tells all of it again.
      expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
      expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], unindexed: [] });
    },
  );

  testImport('takes a message of 300 MB without having it in memory', async ({ mailkeep }) => {
    const copy = join(mailkeep.folder, 'Mail');
    makeMaildir(copy, {});
    const line = Buffer.from(`${'x'.repeat(75)}\n`.repeat(10_000));
    const file = openSync(join(copy, 'cur/large:2,'), 'w');
    writeSync(file, 'Subject: large\n\n');
    const hash = createHash('sha256').update('Subject: large\r\n\r\n');
    const asSent = Buffer.from(line.toString('latin1').replaceAll('\n', '\r\n'));
    for (let n = 0; n < 400; n++) {
      writeSync(file, line);
      hash.update(asSent);
    }
    closeSync(file);
    mailkeep.environment.NODE_OPTIONS = '--max-old-space-size=96';
    const { child, ended } = mailkeep.start('import', 'maildir', 'personal', copy, '--json');
    const { ended: run, peakMiB } = await withPeakMemory(child, ended);
    expect(run.code).toBe(0);
    expect(importOf(run)).toMatchObject({ imported: 1, failed: 0 });
    expect(peakMiB).toBeLessThan(200);
    const [name] = readdirSync(join(mailkeep.root, 'removed/Imported/Mail/INBOX/cur'));
    expect(name).toContain(hash.digest('hex'));
  });
});
