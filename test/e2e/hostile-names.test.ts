// Mailbox names that a file system can't carry or that want to climb out of the archive: every mailbox is stored, no
// two share a folder, and nothing is written outside the account's folder. Real servers refuse such names, so the
// in-process server lists them, raw octets and all.

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { archiveLines, contentLines, serverLines, storeState } from '../support/archive.js';
import { insertLines } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES, Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';

const LONG = 'n'.repeat(499);

/** What Maildir and the archive's layout give a meaning, and what looks like an encoding of something else. */
const RESERVED = [
  'cur',
  'new',
  'tmp',
  'x',
  'x/cur',
  'x/new/y',
  'cur/cur',
  'dovecot-keywords',
  'mail',
  'removed',
];
const CLIMBING = [
  '../x',
  '..',
  '.',
  '../../../../etc',
  './x',
  '.hidden',
  '..hidden',
  'a/../b',
  '~root',
  '-rf',
];
const ENCODED = [
  '%63ur',
  '%2Ehidden',
  '%2E%2E',
  'a%2Fb',
  '100%',
  '%',
  '%25',
  '%00',
  '%long%',
  'a%long%0',
  '%2e.',
];
const TWINS = [
  '&&',
  'Case',
  'case',
  'CASE',
  'caf\u00e9',
  'cafe\u0301',
  `${LONG}1`,
  `${LONG}2`,
  '日'.repeat(150),
  '日'.repeat(151),
];
const ODD = ['q"uote', 'back\\slash', ' leading', 'trailing ', 'a*b', 'a%b', 'a(b', 'NUL', 'con'];
const CONTROL = ['bell\x07', 'tab\there', 'line\nbreak', 'escape\x1b[31m', 'delete\x7f', 'c1\x85'];
const DEEP = Array.from({ length: 40 }, (_, level) => `deep${level}`).join('/');
const DECODED = [...RESERVED, ...CLIMBING, ...ENCODED, ...TWINS, ...ODD, ...CONTROL, DEEP].map(
  encodeModifiedUtf7,
);
/** Octets that are no modified UTF-7, or not the form in which a server would encode the text. */
const RAW = ['a', 'B\xfcro', 'B\xc3\xbcro', '&bad', '&AGE-', 'tail&', 'ctl\x01raw', 'ctl\x02raw'];
/** imapflow spells names anew, and these otherwise than they are: opening them could open another mailbox. */
const UNSPELLABLE = [...RAW.slice(1), 'tab\there', 'line\nbreak', 'delete\x7f'].map((name) =>
  RAW.includes(name) ? name : encodeModifiedUtf7(name),
);
/** With "." between components a "/" is an ordinary character of a name. */
const DOTTED = ['a/b', 'a.b', 'a%2Fb', '/etc/passwd', '/', 'x//y', 'x.y', 'cur/new', 'y.cur', 'y./.z'];

async function serve(names: readonly string[], separator: string): Promise<ImapServer> {
  const server = await ImapServer.start({ users: { alice: 'secret' }, separator });
  const store = server.store('alice');
  for (const name of ['INBOX', ...names]) {
    const mailbox = store.find(name) ?? store.create(name);
    mailbox.append({ body: markedMessage(`only in ${JSON.stringify(name)}`) });
  }
  return server;
}

describe.each([
  ['a server with "/" between components', [...DECODED, ...RAW], '/'],
  ['a server with "." between components', DOTTED, '.'],
])('hostile mailbox names on %s', (_, names, separator) => {
  test.each(ENGINES)('are all stored, each in a folder of its own below the account (%s)', async (engine) => {
    await using server = await serve(names, separator);
    const account = { port: server.port, user: 'alice', password: 'secret', engine };
    await using mailkeep = await Mailkeep.create(account);
    const { code, report, stderr } = await mailkeep.sync();
    const lost = engine === 'imapflow' ? names.filter((name) => UNSPELLABLE.includes(name)) : [];
    expect(report.failures).toEqual(
      lost.map(() => ({
        mailbox: expect.any(String),
        uid: null,
        reason: expect.stringContaining('engine: wire'),
      })),
    );
    expect([code, stderr]).toEqual([lost.length > 0 ? 3 : 0, '']);
    const stored = names.length + 1 - lost.length;
    expect(report).toMatchObject({ added: stored, mailboxes: names.length + 1, error: null });

    const state = [...storeState(server.store('alice'))].filter(([name]) => !lost.includes(name));
    const archive = mailkeep.archive();
    const filled = [...archive.values()].filter((messages) => messages.size > 0);
    expect(filled.map((messages) => messages.size)).toEqual(filled.map(() => 1));
    expect(contentLines(filled.flatMap((messages) => [...messages.values()]))).toEqual(
      contentLines(state.flatMap(([, { messages }]) => [...messages.values()])),
    );
    for (const folder of archive.keys()) expect(folder).not.toMatch(/[\0-\x1f\x7f]|(^|\/)\./);
    expect(readdirSync(mailkeep.folder).sort()).toEqual(['config.yaml', 'data']);
    expect(readdirSync(`${mailkeep.folder}/data`)).toEqual(['personal']);
    expect(
      readdirSync(mailkeep.root).filter((name) => !/^(index|search|lock)\.db|^journal/.test(name)),
    ).toEqual(['mail']);

    expect((await mailkeep.sync()).report).toMatchObject({ added: 0, removed: 0, failed: lost.length });
    expect(await mailkeep.check()).toMatchObject({ code: 0, files: stored, unindexed: [] });
  });
});

describe.each(ENGINES)('a server that lists a mailbox twice (%s)', (engine) => {
  test('has it stored once', async () => {
    await using server = await serve(['Work'], '/');
    server.faults.add(
      { command: 'LIST' },
      insertLines(['* LIST (\\HasNoChildren) "/" Work', '* LIST () "/" Work', '* LIST () "/" inbox']),
    );
    const account = { port: server.port, user: 'alice', password: 'secret', engine };
    await using mailkeep = await Mailkeep.create(account);
    const { code, report } = await mailkeep.sync();
    expect([code, report.error, report.failures]).toEqual([0, null, []]);
    expect(archiveLines(mailkeep.archive())).toEqual(serverLines(storeState(server.store('alice'))));
    expect((await mailkeep.sync()).report).toMatchObject({
      status: 'ok',
      added: 0,
      removed: 0,
      mailboxes: 2,
    });
  });
});

test('the name of a mailbox drives no terminal, whoever has to say it', async () => {
  const name = encodeModifiedUtf7('\x1b[31mred\nmailkeep: all is well\x9b2J');
  await using server = await serve([], '/');
  const mailbox = server.store('alice').create(name);
  for (let n = 0; n < 4; n++) mailbox.append({ body: markedMessage(`red ${n}`) });
  const inbox = server.store('alice').inbox;
  for (let n = 0; n < 9; n++) inbox.append({ body: markedMessage(`inbox ${n}`) });
  const keys = { guard: { max_removed_percent: 50, min_messages: 3 } };
  await using mailkeep = await Mailkeep.create({
    port: server.port,
    user: 'alice',
    password: 'secret',
    keys,
  });
  expect((await mailkeep.sync()).code).toBe(0);
  mailbox.expunge([1, 2, 3, 4]);
  const commands = [
    ['sync'],
    ['status'],
    ['history'],
    ['doctor'],
    ['prune'],
    ['check', '--server'],
    ['accept', 'personal'],
  ];
  let said = 0;
  for (const words of commands) {
    const { stdout, stderr } = await mailkeep.run(...words);
    const all = stdout + stderr;
    if (all.includes('[31mred')) said += 1;
    expect(all.match(/[\0-\x09\x0b-\x1f\x7f-\x9f]|^mailkeep: all/gm), words.join(' ')).toBeNull();
  }
  expect(said).toBeGreaterThan(3);
});
