// The archive is a Maildir to programs that have never heard of mailkeep: the same folders, messages and flags.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import type { ServerState } from '../support/server-state.js';

const MAILBOXES = ['INBOX', 'Work', 'Work/Old & gone', '日本語', 'a.b c'];
const LETTERS: Readonly<Record<string, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  $Forwarded: 'P',
  '\\Answered': 'R',
  '\\Seen': 'S',
  '\\Deleted': 'T',
};

/** Opens the folders by Python's own library and prints what it sees: digest, system flags, date of each message. */
const PYTHON = `
import hashlib, json, mailbox, os, sys
seen = {}
for top, folders, files in os.walk(sys.argv[1]):
    if not {'cur', 'new', 'tmp'} <= set(folders): continue
    box = mailbox.Maildir(top, create=False)
    seen[os.path.relpath(top, sys.argv[1])] = sorted(
        [hashlib.sha256(box.get_bytes(key)).hexdigest(),
         ''.join(flag for flag in box.get_message(key).get_flags() if flag.isupper()),
         box.get_message(key).get_date(), box.get_message(key).get_subdir()] for key in box.keys())
    folders[:] = [name for name in folders if name not in ('cur', 'new', 'tmp')]
print(json.dumps(seen))
`;

describeWithDovecot("the archive's Maildir", () => {
  let server: Dovecot;
  let mailkeep: Mailkeep;
  let state: ServerState;
  beforeAll(async () => {
    server = await Dovecot.start();
    for (const [at, mailbox] of MAILBOXES.entries()) {
      const messages = makeMessages({ seed: at, count: 40, medianBytes: 2000, mostBytes: 50_000 });
      await server.putMessages('alice', mailbox, messages);
    }
    const client = await server.client('alice');
    await client.mailboxOpen('Work');
    await client.messageFlagsAdd('1:5', ['$Forwarded', 'Project'], { uid: true });
    state = await server.state('alice');
    mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: server.password });
    expect((await mailkeep.sync()).report).toMatchObject({ status: 'ok', added: 200 });
  });
  afterAll(async () => {
    await mailkeep?.remove();
    await server?.stop();
  });

  const why = (command: string, args: readonly string[]): string | undefined => {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
      return undefined;
    } catch {
      console.warn(`SKIPPED "the archive's Maildir opens in ${command}": it is not installed`);
      return command;
    }
  };

  test.skipIf(why('python3', ['--version']))("opens in Python's mailbox module", () => {
    const output = execFileSync('python3', ['-c', PYTHON, join(mailkeep.root, 'mail')], { encoding: 'utf8' });
    const expected = [...state].map(([path, { messages }]) => [
      path,
      [...messages.values()]
        .map(({ sha256, flags, internalDate }) => [sha256, lettersOf(flags), internalDate, 'cur'])
        .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    ]);
    expect(JSON.parse(output)).toEqual(Object.fromEntries(expected));
  });

  test.skipIf(why('notmuch', ['--version']))('opens in notmuch, with its tags', () => {
    const config = join(mailkeep.folder, 'notmuch-config');
    mkdirSync(join(mailkeep.folder, 'notmuch'));
    writeFileSync(
      config,
      [
        '[database]',
        `path=${mailkeep.folder}/notmuch`,
        `mail_root=${mailkeep.root}/mail`,
        '[new]',
        'tags=unread;inbox',
        '[user]',
        'primary_email=user@example.com',
        '[maildir]',
        'synchronize_flags=true',
        '',
      ].join('\n'),
    );
    const notmuch = (...args: string[]) =>
      execFileSync('notmuch', ['--config', config, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    notmuch('new');
    const count = (query: string) => Number(notmuch('count', '--output=files', query));
    const all = [...state.values()].flatMap(({ messages }) => [...messages.values()]);
    const having = (flag: string) => all.filter(({ flags }) => flags.includes(flag)).length;
    expect(count('*')).toBe(200);
    for (const mailbox of MAILBOXES) expect([mailbox, count(`path:"${mailbox}/cur"`)]).toEqual([mailbox, 40]);
    expect({
      unread: count('tag:unread'),
      flagged: count('tag:flagged'),
      replied: count('tag:replied'),
      draft: count('tag:draft'),
      passed: count('tag:passed'),
    }).toEqual({
      unread: 200 - having('\\Seen'),
      flagged: having('\\Flagged'),
      replied: having('\\Answered'),
      draft: having('\\Draft'),
      passed: having('$Forwarded'),
    });
    const [first] = notmuch('search', '--output=files', 'path:INBOX/cur').split('\n');
    const octets = execFileSync('cat', [first!]);
    const digests = [...state.get('INBOX')!.messages.values()].map(({ sha256 }) => sha256);
    expect(digests).toContain(createHash('sha256').update(octets).digest('hex'));
  });
});

function lettersOf(flags: readonly string[]): string {
  return flags
    .map((flag) => LETTERS[flag] ?? '')
    .sort()
    .join('');
}
