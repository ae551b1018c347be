// A user of another program points mailkeep at the local copy that it made, and the next sync downloads nothing
// that is in it. The copies are made by the programs themselves: mbsync from a real server, Python's mailbox.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentLines, serverLines } from '../support/archive.js';
import { Dovecot } from '../support/dovecot.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { describeWithServer } from '../support/with-server.js';
import { archived, filled } from './every-tier.js';

const SLOW = { timeout: 300_000 };

const MBSYNC = {
  label: 'mbsync',
  whyNot: () => (existsSync('/usr/bin/mbsync') ? Dovecot.whyNot() : 'install it with: apt-get install isync'),
};

interface ImportDocument {
  imported: number;
  present: number;
  failed: number;
  bytes: number;
  mailboxes: { from: string; to: string; imported: number }[];
  failures: { file: string; reason: string }[];
}

function imported(run: Run): ImportDocument {
  return documentOf(run) as unknown as ImportDocument;
}

/** Pulls all of the user's mailboxes as mbsync does by default, or with `extra` lines of configuration. */
async function pullWithMbsync(server: Dovecot, user: string, to: string, extra = ''): Promise<void> {
  mkdirSync(to, { recursive: true });
  const config = `IMAPAccount a
Host 127.0.0.1
Port ${server.port}
User ${user}
Pass ${server.password}
SSLType None
AuthMechs PLAIN LOGIN

IMAPStore far
Account a

MaildirStore near
Path ${to}/
Inbox ${to}/INBOX
SubFolders Verbatim

Channel c
Far :far:
Near :near:
Patterns *
Create Near
Sync Pull
SyncState *
${extra}
`;
  writeFileSync(`${to}.mbsyncrc`, config);
  await promisify(execFile)('mbsync', ['-q', '-c', `${to}.mbsyncrc`, '-a'], {
    env: { ...process.env, HOME: to },
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => /\/(cur|new)\/[^/]+$/.test(file))
    .sort();
}

const OFFLINEIMAP = {
  label: 'OfflineIMAP',
  whyNot: () =>
    existsSync('/usr/bin/offlineimap') ? Dovecot.whyNot() : 'install it with: apt-get install offlineimap3',
};

/** Pulls all of the user's mailboxes as docs/moving.md has OfflineIMAP configured, but for the password. */
async function pullWithOfflineImap(server: Dovecot, user: string, to: string): Promise<void> {
  const rc = `${to}.offlineimaprc`;
  writeFileSync(
    rc,
    `[general]
accounts = personal
metadata = ${to}.metadata

[Account personal]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${to}

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = ${server.port}
remoteuser = ${user}
remotepass = ${server.password}
ssl = no
starttls = no
readonly = True
`,
  );
  await promisify(execFile)('offlineimap', ['-o', '-u', 'quiet', '-c', rc], {
    env: { ...process.env, HOME: to },
  });
}

let server: Dovecot;
let users = 0;

async function stage(): Promise<{ user: string; mailkeep: Mailkeep }> {
  users += 1;
  const user = `import${users}`;
  const mailkeep = await Mailkeep.create({ port: server.port, user, password: server.password });
  return { user, mailkeep };
}

describeWithServer(MBSYNC, 'import of what mbsync has pulled', () => {
  beforeAll(async () => {
    server = await Dovecot.start();
  }, 60_000);
  afterAll(() => server?.stop());

  test('nothing is downloaded again, dates and flags are those of the server', SLOW, async () => {
    const { user, mailkeep } = await stage();
    await using _ = mailkeep;
    const inbox = makeMessages({ seed: 12, count: 300, medianBytes: 20_000 });
    await server.putMessages(user, 'INBOX', inbox);
    await server.putMessages(user, 'Work/Größe', makeMessages({ seed: 13, count: 50, medianBytes: 60_000 }));
    const copy = join(mailkeep.folder, 'Mail');
    await pullWithMbsync(server, user, copy);
    const before = filesBelow(copy).map((file) => [file, readFileSync(file).toString('latin1')]);
    expect(before.length).toBe(350);
    expect(before[0]![1]).toMatch(/\nX-TUID: .{12}\n/);

    const plan = imported(await mailkeep.run('import', 'maildir', 'personal', copy, '--dry-run', '--json'));
    expect(plan).toMatchObject({ imported: 350, present: 0, failed: 0, dry_run: true });
    expect(existsSync(join(mailkeep.root, 'index.db'))).toBe(false);
    const done = imported(await mailkeep.run('import', 'maildir', 'personal', copy, '--json'));
    expect(done).toMatchObject({ imported: 350, present: 0, failed: 0, bytes: plan.bytes });
    expect(done.mailboxes.map(({ to }) => to).sort()).toEqual([
      'Imported/Mail/INBOX',
      'Imported/Mail/Work/Größe',
    ]);
    expect(filesBelow(copy).map((file) => [file, readFileSync(file).toString('latin1')])).toEqual(before);
    expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [], corrupt: [] });

    const { code, report } = await mailkeep.sync();
    expect(code).toBe(0);
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 350, removed: 0, hold: false });
    expect(report.bytes_downloaded).toBeLessThan(done.bytes / 4);
    const state = await server.state(user);
    expect(archived(mailkeep.archive())).toEqual(filled(serverLines(state)));
    expect((await mailkeep.sync()).report).toMatchObject({ added: 0, adopted: 0, removed: 0 });
    expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [], corrupt: [] });
    // Again: nothing is new.
    const again = imported(await mailkeep.run('import', 'maildir', 'personal', copy, '--json'));
    expect(again).toMatchObject({ imported: 0, present: 350, bytes: 0 });
    expect((await mailkeep.status()).messages).toBe(350);
  });

  test('a message of which one octet was changed is downloaded', SLOW, async () => {
    const { user, mailkeep } = await stage();
    await using _ = mailkeep;
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 14, count: 40, medianBytes: 2000 }));
    const copy = join(mailkeep.folder, 'Mail');
    await pullWithMbsync(server, user, copy, 'CopyArrivalDate yes');
    const files = filesBelow(copy);
    for (const [at, file] of files.slice(0, 3).entries()) {
      const octets = readFileSync(file);
      // In the header block, at the start of the body, at the end of the message.
      const end = octets.indexOf('\n\n') + 2;
      const place = [10, end, octets.length - 2][at]!;
      octets[place] = octets[place] === 0x23 ? 0x24 : 0x23;
      writeFileSync(file, octets);
    }
    await mailkeep.run('import', 'maildir', 'personal', copy);
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 3, adopted: 37, removed: 0 });
    const state = await server.state(user);
    expect(contentLines([...mailkeep.archive().get('INBOX')!.values()])).toEqual(
      contentLines([...state.get('INBOX')!.messages.values()]),
    );
    expect(await mailkeep.check()).toMatchObject({ code: 0 });
  });

  test(
    'an index that is made anew knows what was imported, and what the server was found to hold',
    SLOW,
    async () => {
      const { user, mailkeep } = await stage();
      await using _ = mailkeep;
      await server.putMessages(user, 'INBOX', makeMessages({ seed: 15, count: 30, medianBytes: 4000 }));
      const copy = join(mailkeep.folder, 'Mail');
      await pullWithMbsync(server, user, copy);
      await mailkeep.run('import', 'maildir', 'personal', copy);
      expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
      expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [] });
      expect((await mailkeep.sync()).report).toMatchObject({ run: 2, added: 0, adopted: 30, removed: 0 });
      expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
      expect(imported(await mailkeep.run('import', 'maildir', 'personal', copy, '--json'))).toMatchObject({
        imported: 0,
        present: 30,
      });
      expect((await mailkeep.sync()).report).toMatchObject({ added: 0, adopted: 0, removed: 0 });
      expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [] });
    },
  );
});

describeWithServer(OFFLINEIMAP, 'import of what OfflineIMAP has pulled', () => {
  beforeAll(async () => {
    server = await Dovecot.start();
  }, 60_000);
  afterAll(() => server?.stop());

  test('nothing is downloaded again, nested mailboxes and other scripts included', SLOW, async () => {
    const { user, mailkeep } = await stage();
    await using _ = mailkeep;
    await server.putMessages(user, 'INBOX', makeMessages({ seed: 31, count: 60, medianBytes: 6000 }));
    await server.putMessages(user, 'Work/Größe', makeMessages({ seed: 32, count: 30, medianBytes: 6000 }));
    await server.putMessages(user, '日本語', makeMessages({ seed: 33, count: 10, medianBytes: 3000 }));
    const copy = join(mailkeep.folder, 'Mail');
    mkdirSync(copy);
    await pullWithOfflineImap(server, user, copy);
    const done = imported(await mailkeep.run('import', 'maildir', 'personal', copy, '--json'));
    expect(done).toMatchObject({ imported: 100, failed: 0 });
    expect(done.mailboxes.map(({ to }) => to)).toContain('Imported/Mail/日本語');
    const { report } = await mailkeep.sync();
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 100, removed: 0 });
    expect(archived(mailkeep.archive())).toEqual(filled(serverLines(await server.state(user))));
    expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [], corrupt: [] });
  });
});

describeWithServer(
  { label: 'Dovecot', whyNot: () => Dovecot.whyNot() },
  "import of a server's own Maildir",
  () => {
    beforeAll(async () => {
      server = await Dovecot.start();
    }, 60_000);
    afterAll(() => server?.stop());

    test('keywords come along, from the letters and the list that Dovecot keeps', SLOW, async () => {
      const { user, mailkeep } = await stage();
      await using _ = mailkeep;
      await server.putMessages('lost', 'INBOX', makeMessages({ seed: 41, count: 3, medianBytes: 2000 }));
      const client = await server.client('lost');
      const lock = await client.getMailboxLock('INBOX');
      await client.messageFlagsSet('1', ['\\Seen', 'work', '$Important']);
      await client.messageFlagsSet('2', ['work', '$Forwarded']);
      await client.messageFlagsSet('3', ['\\Flagged']);
      lock.release();
      await mailkeep.run('import', 'maildir', 'personal', server.maildir('lost', 'INBOX'));
      const flagsOf = async () => {
        const found = documentOf(await mailkeep.run('search', 'in:Imported/**', '--json')) as unknown as {
          messages: { flags: string[] }[];
        };
        return found.messages.map(({ flags }) => flags.join(' ')).sort();
      };
      const flags = ['$Forwarded \\Flagged', '$Forwarded work', '$Important \\Seen work'];
      expect(await flagsOf()).toEqual(flags);
      // The journal tells them again, and a restore gives them to the server.
      expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
      expect(await flagsOf()).toEqual(flags);
      expect(await mailkeep.check()).toMatchObject({ code: 0, unindexed: [], missing: [] });
      await mailkeep.sync();
      expect((await mailkeep.run('restore', 'personal', 'is:removed', '--prefix', 'Back')).code).toBe(0);
      const state = await server.state(user);
      const back = [...state].find(([path]) => path.startsWith('Back'))![1];
      expect(
        [...back.messages.values()].map((message) => [...message.flags].sort().join(' ')).sort(),
      ).toEqual(flags);
    });
  },
);
