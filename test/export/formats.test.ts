// What export writes, read by the programs people read it with: Python's mailbox, email and zipfile, unzip, mutt.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MboxrdDecoder } from '../../src/core/message/mboxrd.js';
import { EXPORT_FORMATS } from '../../src/core/ports/export.js';
import { runExport } from '../../src/wiring/export.js';
import { readConfig } from '../../src/wiring/surroundings.js';
import { Wiring } from '../../src/wiring/wiring.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';
import { program } from '../support/program.js';

const PASSWORD = 'secret';

/** Bodies that a format could stumble over, all with CR LF as line end. */
const ODD: Readonly<Record<string, string>> = {
  quoted:
    'Return-Path: <ada@example.org>\r\nSubject: quoted\r\n\r\nFrom here\r\n>From there\r\n>>From x\r\n From y\r\n',
  'empty lines at the end': 'Subject: lines\r\n\r\nx\r\n\r\n\r\n',
  'no header': '\r\nFrom the start\r\n',
  'eight bits and NUL': 'Subject: 8bit\r\n\r\n\u00ff\u0000\u0080\r\n',
  'From_ as the first line': 'From ada Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nx\r\n',
  large: `Subject: large\r\n\r\n${`From ${'x'.repeat(70)}\r\n`.repeat(40_000)}`,
  'after a large one': 'Subject: after\r\n\r\nFrom after\r\n',
};

/** Where a mailbox's wire name and its folder in an export differ. */
const FOLDERS: Readonly<Record<string, string>> = { 'Work/Gr&APwA3w-e': 'Work/Grüße', Nul: '%4Eul' };

const PYTHON_MBOX = `
import hashlib, json, mailbox, re, sys
box = mailbox.mbox(sys.argv[1], create=False)
def octets(key):
    text = re.sub(rb'(?m)^>(>*From )', rb'\\1', box.get_bytes(key))
    return hashlib.sha256(text.replace(b'\\n', b'\\r\\n')).hexdigest()
print(json.dumps([[octets(key), box.get_message(key).get_from()] for key in box.keys()]))
`;

const PYTHON_ZIP = `
import email, email.policy, hashlib, json, struct, sys, zipfile
whole, at = open(sys.argv[1], 'rb').read(), 0
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for info in archive.infolist():
        # Nothing lies between the entries: programs that read from the start would stumble.
        assert info.header_offset == at
        at += 30 + sum(struct.unpack_from('<HH', whole, at + 26)) + info.compress_size
        if info.is_dir(): continue
        octets = archive.read(info)
        email.message_from_bytes(octets, policy=email.policy.default)
        print(json.dumps([info.filename, hashlib.sha256(octets).hexdigest(), info.date_time]))
`;

describe('export', () => {
  let server: ImapServer;
  let mailkeep: Mailkeep;
  /** Mailbox to hash and INTERNALDATE, in the order of UIDs. */
  const held = new Map<string, { sha256: string; receivedAt: number }[]>();
  let exports = 0;

  const put = (mailbox: string, body: Buffer, seconds: number, flags: string[] = []) => {
    const store = server.store('alice');
    (store.find(mailbox) ?? store.create(mailbox)).append({
      body,
      flags,
      internalDate: { seconds, zone: 0 },
    });
    const messages = held.get(mailbox) ?? [];
    held.set(mailbox, [...messages, { sha256: sha256(body), receivedAt: seconds }]);
  };
  const target = () => join(mailkeep.folder, `export ${++exports}`);
  const exported = async (...args: string[]): Promise<{ to: string; run: Run }> => {
    const to = target();
    return { to, run: await mailkeep.run('export', 'personal', ...args, '--to', to) };
  };
  const hashes = (mailbox: string) => held.get(mailbox)!.map((each) => each.sha256);

  beforeAll(async () => {
    server = await ImapServer.start({ users: { alice: PASSWORD } });
    for (const body of Object.values(ODD))
      put('INBOX', Buffer.from(body, 'latin1'), 1_500_000_000, ['\\Seen']);
    for (const { body, internalDate } of makeMessages({
      seed: 1,
      count: 40,
      medianBytes: 2000,
      mostBytes: 20_000,
    }))
      put('Work/Gr&APwA3w-e', body, internalDate);
    for (let copies = 0; copies < 2; copies++) put('Twice', markedMessage('the same'), 1_600_000_000);
    put('Twice', markedMessage('ancient ../..'), -86_400);
    put('Nul', markedMessage('a device'), 1_600_000_000);
    server.store('alice').create('Empty');
    mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok' });
  });
  afterAll(async () => {
    await mailkeep?.remove();
    await server?.[Symbol.asyncDispose]();
  });

  describe('as mbox', () => {
    test.skipIf(program('python3').missing)("opens in Python's mailbox with the same octets", async () => {
      const { to, run } = await exported('--format', 'mbox');
      expect([run.code, run.stderr]).toEqual([0, '']);
      expect(filesBelow(to)).toEqual(
        ['Empty.mbox', 'INBOX.mbox', 'Twice.mbox', 'Work/Grüße.mbox', '%4Eul.mbox'].sort(),
      );
      const read = (file: string) =>
        JSON.parse(execFileSync('python3', ['-c', PYTHON_MBOX, join(to, file)], { encoding: 'utf8' })) as [
          string,
          string,
        ][];
      for (const [file, mailbox] of [
        ['INBOX.mbox', 'INBOX'],
        ['Work/Grüße.mbox', 'Work/Gr&APwA3w-e'],
        ['Twice.mbox', 'Twice'],
      ] as const)
        expect(read(file).map(([digest]) => digest)).toEqual(hashes(mailbox));
      expect(
        read('INBOX.mbox')
          .slice(0, 2)
          .map(([, from]) => from),
      ).toEqual(['ada@example.org Fri Jul 14 02:40:00 2017', 'MAILER-DAEMON Fri Jul 14 02:40:00 2017']);
      expect(read('Empty.mbox')).toEqual([]);
    });

    test('comes back octet for octet', async () => {
      const { to } = await exported('--format', 'mbox', '--mailbox', 'INBOX');
      const found = messagesIn(join(to, 'INBOX.mbox'));
      expect(found.map((text) => sha256(Buffer.from(text, 'latin1')))).toEqual(hashes('INBOX'));
    });

    test.skipIf(program('mutt', '-v').missing)('opens in mutt', async () => {
      const { to } = await exported('--format', 'mbox', '--mailbox', 'Work/**');
      const command = `mutt -n -F /dev/null -R -f ${JSON.stringify(join(to, 'Work/Grüße.mbox'))} -e 'set folder=/' -e 'push <exit>'`;
      // mutt wants a terminal; its status line counts the messages.
      const screen = execFileSync('script', ['-qec', command, '/dev/null'], {
        env: { PATH: process.env.PATH, HOME: mailkeep.folder, TERM: 'xterm', LANG: 'C.UTF-8' },
        stdio: ['ignore', 'pipe', 'ignore'],
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(screen).toContain('Msgs:40');
    });
  });

  describe('as eml', () => {
    test('is a file for each message with its octets and its date', async () => {
      const { to, run } = await exported('--format', 'eml');
      expect([run.code, run.stderr]).toEqual([0, '']);
      for (const [mailbox, messages] of held) {
        const folder = join(to, FOLDERS[mailbox] ?? mailbox);
        const files = readdirSync(folder).filter((name) => name.endsWith('.eml'));
        expect(files.map((name) => sha256(readFileSync(join(folder, name)))).sort()).toEqual(
          messages.map((each) => each.sha256).sort(),
        );
        expect(files.map((name) => statSync(join(folder, name)).mtimeMs / 1000).sort()).toEqual(
          messages.map((each) => each.receivedAt).sort(),
        );
      }
      expect(readdirSync(join(to, 'Twice')).sort()).toEqual([
        expect.stringMatching(/^1969-12-31 00\.00\.00 Marker - ancient \.\._ 1\.3-[0-9a-f]{8}\.eml$/),
        expect.stringMatching(/^2020-09-13 12\.26\.40 Marker - the same 1\.1-[0-9a-f]{8}\.eml$/),
        expect.stringMatching(/^2020-09-13 12\.26\.40 Marker - the same 1\.2-[0-9a-f]{8}\.eml$/),
      ]);
      expect(readdirSync(join(to, 'Empty'))).toEqual([]);
      expect(statSync(to).mode & 0o777).toBe(0o700);
      expect(statSync(join(to, 'Twice', readdirSync(join(to, 'Twice'))[0]!)).mode & 0o777).toBe(0o600);
    });
  });

  describe('as zip', () => {
    test.skipIf(program('python3').missing)("opens in Python's zipfile", async () => {
      const { to, run } = await exported('--format', 'zip');
      expect([run.code, run.stderr]).toEqual([0, '']);
      const output = execFileSync('python3', ['-c', PYTHON_ZIP, to], { encoding: 'utf8' });
      const entries = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as [string, string, number[]]);
      expect(entries.map(([, digest]) => digest).sort()).toEqual(
        [...held.values()]
          .flat()
          .map((each) => each.sha256)
          .sort(),
      );
      expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length);
    });

    test.skipIf(program('unzip', '-v').missing)('is unpacked by unzip, dates and all', async () => {
      const { to } = await exported('--format', 'zip');
      const unpacked = join(mailkeep.folder, 'unpacked');
      execFileSync('unzip', ['-q', to, '-d', unpacked], {
        env: { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8' },
      });
      const { to: eml } = await exported('--format', 'eml');
      expect(filesBelow(unpacked)).toEqual(filesBelow(eml));
      // Of the years before 1980 unzip knows nothing.
      const recent = filesBelow(eml).filter((name) => !name.includes('1969'));
      const dates = (folder: string) => recent.map((name) => statSync(join(folder, name)).mtimeMs);
      expect(dates(unpacked)).toEqual(dates(eml));
    });
  });

  describe('in any format', () => {
    test('takes the selections of restore, and says in JSON what it did', async () => {
      const to = target();
      const run = await mailkeep.run(
        'export',
        'personal',
        'subject:"the same"',
        '--mailbox',
        'T*',
        '--json',
        '--format',
        'mbox',
        '--to',
        to,
      );
      expect(documentOf(run)).toEqual({
        version: 1,
        account: 'personal',
        format: 'mbox',
        to,
        planned: 2,
        exported: 2,
        failed: 0,
        bytes: 2 * markedMessage('the same').length,
        mailboxes: [
          {
            from: 'Twice',
            to: 'Twice.mbox',
            planned: 2,
            exported: 2,
            failed: 0,
            bytes: 2 * markedMessage('the same').length,
          },
        ],
        failures: [],
        remarks: [],
      });
      expect([run.code, run.stderr, filesBelow(to)]).toEqual([0, '', ['Twice.mbox']]);
    });

    test('gives the account as it was', async () => {
      await using changing = await ImapServer.start({ users: { alice: PASSWORD } });
      await using kept = await Mailkeep.create({ port: changing.port, user: 'alice', password: PASSWORD });
      const store = changing.store('alice');
      const [inbox, gone] = [store.find('INBOX')!, store.create('Gone')];
      for (const mailbox of [inbox, gone])
        for (const text of ['one', 'two', 'three'])
          mailbox.append({ body: markedMessage(text), flags: [], internalDate: { seconds: 1e9, zone: 0 } });
      await kept.sync();
      inbox.setFlags([1], 'add', ['\\Seen']);
      inbox.expunge([2]);
      store.delete('Gone');
      await kept.sync();
      const files = async (...at: string[]) => {
        const to = target();
        const run = await kept.run('export', 'personal', '--format', 'maildir', '--to', to, ...at);
        expect([run.code, run.stderr]).toEqual([0, '']);
        return filesBelow(to)
          .filter((name) => name.includes('cur/'))
          .map((name) => name.replace(/\d+\.G\d+(U\d+)\.[0-9a-f]{64},S=\d+/, '$1'));
      };
      expect(await files()).toEqual(['cur/U1:2,S', 'cur/U3:2,']);
      expect(await files('--at', '1')).toEqual([
        'Gone/cur/U1:2,',
        'Gone/cur/U2:2,',
        'Gone/cur/U3:2,',
        'cur/U1:2,',
        'cur/U2:2,',
        'cur/U3:2,',
      ]);
    });

    test.each(EXPORT_FORMATS)('overwrites nothing (%s)', async (format) => {
      const full = target();
      mkdirSync(full);
      writeFileSync(join(full, 'mine'), 'x');
      const file = target();
      writeFileSync(file, 'x');
      for (const to of [full, file]) {
        const run = await mailkeep.run('export', 'personal', '--format', format, '--to', to);
        expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('overwrites nothing')]);
      }
      expect([filesBelow(full), readFileSync(file, 'utf8')]).toEqual([['mine'], 'x']);
      expect(partials(mailkeep.folder)).toEqual([]);
    });

    test('fills an empty folder that is there already', async () => {
      const to = target();
      mkdirSync(to, { mode: 0o755 });
      const run = await mailkeep.run(
        'export',
        'personal',
        '--format',
        'mbox',
        '--to',
        to,
        '--mailbox',
        'Twice',
      );
      expect([run.code, readdirSync(to)]).toEqual([0, ['Twice.mbox']]);
    });

    test('refuses a place inside data_dir', async () => {
      const run = await mailkeep.run(
        'export',
        'personal',
        '--format',
        'eml',
        '--to',
        join(mailkeep.root, 'mail/x'),
      );
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('data_dir')]);
    });

    test.each(EXPORT_FORMATS)('leaves nothing behind when it is interrupted (%s)', async (format) => {
      const to = target();
      const around = {
        env: {},
        cwd: mailkeep.folder,
        clock: () => Date.now(),
        warn: () => undefined,
        certificateEnds: new Map(),
      };
      const config = await readConfig(around, { file: mailkeep.configFile, dataDir: null });
      const wiring = new Wiring(config, around);
      const interrupt = new AbortController();
      const seen: string[][] = [];
      const run = runExport(wiring, config.accounts[0]!, {
        query: [],
        mailboxes: [],
        format,
        to,
        signal: interrupt.signal,
        onProgress: ({ messages }) => {
          if (messages !== 20) return;
          seen.push(partials(mailkeep.folder));
          interrupt.abort();
        },
      });
      await expect(run).rejects.toMatchObject({
        code: 'interrupted',
        message: expect.stringContaining('nothing was left behind'),
      });
      expect(seen).toEqual([[expect.stringContaining('partial')]]);
      expect([partials(mailkeep.folder), existsSync(to)]).toEqual([[], false]);
    });

    // A large message is hashed while it is written, so it has to be taken out again.
    const cut = (file: string) => truncateSync(file, 1_500_000);
    const flip = (file: string) => {
      const octets = readFileSync(file);
      octets[octets.length - 9]! ^= 1;
      writeFileSync(file, octets);
    };
    const grow = (file: string) => appendFileSync(file, 'more');
    test.each(
      EXPORT_FORMATS.flatMap((format) =>
        Object.entries({ cut, flip, grow }).map(([name, damage]) => [format, name, damage] as const),
      ),
    )(
      'names what is damaged, leaves it out, stays sound and exits with 3 (%s, %s)',
      async (format, _, damage) => {
        await using damaged = await Mailkeep.create({ port: server.port, user: 'alice', password: PASSWORD });
        await damaged.sync('--mailbox', 'INBOX', '--mailbox', 'Twice');
        const inbox = join(damaged.root, 'mail/INBOX/cur');
        damage(join(inbox, readdirSync(inbox).find((name) => name.includes('U6.'))!));
        writeFileSync(
          join(inbox, readdirSync(inbox).find((name) => name.includes('U1.'))!),
          'something else',
        );
        const to = join(damaged.folder, 'out');
        const run = await damaged.run('export', 'personal', '--json', '--format', format, '--to', to);
        expect(run.code).toBe(3);
        expect(documentOf(run)).toMatchObject({
          planned: 10,
          exported: 8,
          failed: 2,
          failures: [
            { mailbox: 'INBOX', uid: 1, reason: expect.stringContaining('damaged') },
            { mailbox: 'INBOX', uid: 6, reason: expect.stringContaining('damaged') },
          ],
        });
        const whole = hashes('INBOX').filter((_, at) => at !== 0 && at !== 5);
        expect(readBack(format, to).sort()).toEqual([...whole, ...hashes('Twice')].sort());
      },
    );
  });
});

/** Hashes of all messages in an export. */
function readBack(format: (typeof EXPORT_FORMATS)[number], to: string): string[] {
  if (format === 'zip') {
    const output = execFileSync('python3', ['-c', PYTHON_ZIP, to], { encoding: 'utf8' });
    return output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as [string, string])[1]);
  }
  const files = filesBelow(to).map((name) => join(to, name));
  if (format !== 'mbox')
    return files.filter((name) => /\/cur\/|\.eml$/.test(name)).map((name) => sha256(readFileSync(name)));
  return files.flatMap(messagesIn).map((text) => sha256(Buffer.from(text, 'latin1')));
}

/** One char for each octet. */
function messagesIn(mbox: string): string[] {
  const found: string[] = [];
  const decoder = new MboxrdDecoder({
    begin: () => found.push(''),
    write: (chunk) => found.push(found.pop()! + Buffer.from(chunk).toString('latin1')),
    end: () => undefined,
  });
  decoder.push(readFileSync(mbox));
  decoder.end();
  return found;
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function partials(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.includes('partial'));
}
