// Search, show and attachments as a user has them: the built command on an account that was backed up.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';
import { ImapServer } from '../support/imap-server/server.js';
import { documentOf, Mailkeep, type Run } from '../support/mailkeep.js';
import { KNOWN_MAIL, octetsOf, putKnownMail } from './search-mail.js';

interface Found {
  readonly id: string;
  readonly mailboxes: string[];
  readonly date: string;
  readonly from: string;
  readonly to: string[];
  readonly subject: string;
  readonly message_id: string;
  readonly flags: string[];
  readonly removed: boolean;
  readonly attachments: { part: string; filename: string | null; content_type: string; size: number }[];
  readonly snippet: string;
  readonly protection: string | null;
}

const NAMES = new Map(
  KNOWN_MAIL.map((mail) => [createHash('sha256').update(octetsOf(mail)).digest('hex'), mail.name]),
);
const idOf = (name: string) => [...NAMES].find(([, each]) => each === name)![0];
const ALL = KNOWN_MAIL.map(({ name }) => name);

describe('search', () => {
  let server: ImapServer;
  let store: MailStore;
  let mailkeep: Mailkeep;
  beforeAll(async () => {
    server = await ImapServer.start({ users: { alice: 'secret' } });
    store = server.store('alice');
    putKnownMail(store);
    mailkeep = await Mailkeep.create({ port: server.port, user: 'alice', password: 'secret' });
    expect((await mailkeep.sync()).code).toBe(0);
  });
  afterAll(async () => {
    await mailkeep?.remove();
    await server?.close();
  });

  async function find(...args: string[]): Promise<{ total: number; messages: Found[] }> {
    const run = await mailkeep.run('search', '--json', ...args);
    expect([run.code, run.stderr]).toEqual([0, '']);
    return documentOf(run) as unknown as { total: number; messages: Found[] };
  }

  function forgetIndex(): void {
    for (const end of ['', '-wal', '-shm']) rmSync(join(mailkeep.root, `search.db${end}`), { force: true });
  }

  const namesOf = (messages: readonly { id: string }[]) => messages.map(({ id }) => NAMES.get(id));

  test('status tells what is not searchable by its text, and a search indexes it', async () => {
    const unindexed = async () =>
      (documentOf(await mailkeep.run('status', '--json')).accounts as { unindexed: number }[])[0]!.unindexed;
    expect(await unindexed()).toBe(ALL.length);
    expect((await mailkeep.run('status')).stdout).toContain('not yet searchable: 13 messages');
    expect(namesOf((await find('missing')).messages)).toEqual(['reminder']);
    expect(await unindexed()).toBe(0);
  });

  test.each<[string, readonly string[]]>([
    ['invoice', ['reminder', 'invoice']],
    ['INVOICE', ['reminder', 'invoice']],
    ['"the invoice is"', ['invoice']],
    ['"invoice is missing"', ['reminder']],
    ['invoice -missing', ['invoice']],
    ['marz', ['invoice']],
    ['grusse', ['invoice']],
    ['resume', ['report']],
    ['year', ['report']],
    ['hidden OR secret', []],
    ['发票', ['chinese-gbk']],
    ['票', ['chinese-big5', 'chinese-gbk']],
    ['查收', ['chinese-gbk']],
    ['發票', ['chinese-big5']],
    ['中文', ['chinese-big5', 'chinese-gbk']],
    ['請求', ['japanese']],
    ['書', ['japanese']],
    ['日本', ['japanese']],
    ['안녕', ['korean']],
    ['녕', ['korean']],
    ['한국', ['korean']],
    ['привет МИР', ['russian']],
    ['from:juergen', ['follow-up', 'invoice']],
    ['from:müller', ['invoice']],
    ['to:bob', ['report']],
    ['cc:office', ['invoice']],
    ['subject:invoice', ['reminder']],
    ['subject:"annual report" -draft', ['report']],
    ['filename:rechnung', ['invoice']],
    ['filename:pdf OR subject:newsletter', ['invoice', 'picture']],
    ['in:INBOX is:seen', ['invoice', 'russian']],
    ['in:日本語/** OR in:work/clients', ['follow-up', 'japanese', 'report']],
    ['after:2026-04-01', ['follow-up', 'draft', 'reminder']],
    ['before:2026-01-01', ['report']],
    ['has:attachment', ['invoice', 'hostile']],
    ['is:flagged', ['invoice']],
    ['is:unseen to:juergen', ['reminder']],
    ['larger:1K', []],
    ['smaller:200', ['draft']],
    ['id:invoice@known.example', ['invoice']],
    ['id:<draft@known.example>', ['draft']],
    ['-in:INBOX -in:Work/*', ['japanese']],
    ['annual (report)', ['draft', 'report']],
    ['"', []],
    ['paid OR sealed from:key', ['follow-up', 'reminder', 'encrypted']],
  ])('%s', async (query, expected) => {
    if (query === '"') {
      const run = await mailkeep.run('search', '--json', query);
      expect([run.code, documentOf(run).error]).toEqual([2, expect.objectContaining({ code: 'usage' })]);
      return;
    }
    const { total, messages } = await find('--', query);
    expect(namesOf(messages).sort()).toEqual([...expected].sort());
    expect(total).toBe(expected.length);
  });

  test('newest first, whatever the day on which mail was moved', async () => {
    const { messages } = await find('--', '-nothing');
    expect(namesOf(messages)).toEqual(
      [...KNOWN_MAIL].sort((a, b) => (a.date < b.date ? 1 : -1)).map(({ name }) => name),
    );
    expect((await find('--limit', '2', '--', '-nothing')).messages).toHaveLength(2);
    expect((await find('--limit', '2', '--', '-nothing')).total).toBe(ALL.length);
    expect(namesOf((await find('--sort', 'relevance', 'invoice')).messages)[0]).toBe('reminder');
  });

  test('a message in JSON', async () => {
    const [message] = (await find('id:invoice@known.example')).messages;
    expect(message).toMatchObject({
      id: idOf('invoice'),
      account: 'personal',
      mailboxes: ['INBOX'],
      date: '2026-03-24T14:00:00.000Z',
      from: 'Jürgen Müller <juergen@example.org>',
      to: ['Ann Bee <ann@example.com>'],
      subject: 'Rechnung für März',
      message_id: '<invoice@known.example>',
      flags: ['\\Flagged', '\\Seen'],
      removed: false,
      attachments: [
        { part: '2', filename: 'Rechnung_2026-03.pdf', content_type: 'application/pdf', size: 9 },
      ],
    });
    expect((await find('attachment')).messages.map(({ snippet }) => snippet)).toEqual([
      'the attachment invoice is missing a number',
      '…Ann, the invoice is in the attachment. Schöne Grüße',
    ]);
    expect((await find('sealed')).messages[0]!.protection).toBe('encrypted');
  });

  test('nothing that a message holds reaches the terminal as it is', async () => {
    const runs = [
      await mailkeep.run('search', 'evil'),
      await mailkeep.run('show', idOf('hostile')),
      await mailkeep.run('show', idOf('hostile'), '--headers'),
      await mailkeep.run('attachments', 'from:evil'),
    ];
    for (const { code, stdout, stderr } of runs) {
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(stdout.length).toBeGreaterThan(50);
    }
    expect(runs[0]!.stdout).toContain('clear␛[2J screen <U+202E>gnp.exe');
  });

  test('show gives text, octets, parts and the conversation', async () => {
    const text = await mailkeep.run('show', idOf('report').slice(0, 8));
    expect(text.stdout).toContain('Résumé of the year');
    expect(text.stdout).not.toContain('hidden');
    const raw = await mailkeep.run('show', idOf('invoice'), '--raw');
    expect(raw.stdout).toBe(octetsOf(KNOWN_MAIL[0]!).toString());
    expect((await mailkeep.run('show', idOf('invoice'), '--part', '2')).stdout).toBe('%PDF-1.4\n');
    expect((await mailkeep.run('show', idOf('invoice'), '--part', '1')).stdout).toContain('Schöne Grüße');
    expect((await mailkeep.run('show', idOf('invoice'), '--part', '7')).code).toBe(2);
    const thread = documentOf(await mailkeep.run('show', '--json', '--thread', idOf('reminder')));
    expect(namesOf(thread.messages as Found[])).toEqual(['invoice', 'reminder', 'follow-up']);
    expect((await mailkeep.run('show', 'abc')).code).toBe(2);
    expect((await mailkeep.run('show', '00000000')).code).toBe(2);
  });

  test('attachments are saved under safe names, once, with the date of the message', async () => {
    const out = join(mailkeep.folder, 'out');
    const save = (...args: string[]): Promise<Run> =>
      mailkeep.run('attachments', '--json', '--to', out, ...args);
    const document = documentOf(await save());
    expect(document.total).toBe(4);
    const names = readdirSync(out).sort();
    expect(names).toEqual(['Rechnung_2026-03.pdf', '_evil_[2J.exe', 'passwd', 'passwd (2)'].sort());
    expect(statSync(join(out, 'Rechnung_2026-03.pdf')).mtimeMs).toBe(Date.parse('2026-03-24T14:00:00Z'));
    expect(
      [readFileSync(join(out, 'passwd'), 'utf8'), readFileSync(join(out, 'passwd (2)'), 'utf8')].sort(),
    ).toEqual(['first', 'other content']);
    await save();
    expect(readdirSync(out).sort()).toEqual(names);
    expect(documentOf(await save('--type', 'image/*', '--inline')).total).toBe(1);
    expect(readdirSync(out)).toContain('logo.png');
    expect(documentOf(await mailkeep.run('attachments', '--json', '--type', '*.pdf')).total).toBe(1);
  });

  test('a restore chooses the same whether the index knows the text or not, and asks the index', async () => {
    const queries = ['票', 'has:attachment', 'invoice -missing', '-the from:juergen', 'subject:invoice'];
    const planned = (query: string) =>
      mailkeep
        .run('restore', 'personal', '--dry-run', '--json', '--in-place', '--', query)
        .then((run) => documentOf(run).planned);
    const all = async () => {
      const counts = [];
      for (const query of queries) counts.push(await planned(query));
      return counts;
    };
    forgetIndex();
    const withoutIndex = await all();
    expect(withoutIndex).toEqual([2, 2, 1, 1, 1]);
    await find('anything');
    expect(await all()).toEqual(withoutIndex);
    // A file that says something else now: only the index still knows what it said.
    const folder = join(mailkeep.root, 'mail', 'Work', 'Drafts', 'cur');
    const file = join(folder, readdirSync(folder)[0]!);
    const octets = readFileSync(file);
    writeFileSync(file, Buffer.alloc(octets.length, 'x'));
    try {
      expect(await planned('"is not ready"')).toBe(1);
      forgetIndex();
      expect(await planned('"is not ready"')).toBe(0);
    } finally {
      writeFileSync(file, octets);
    }
  });

  test('a search index that was deleted, or belongs to another index, is made again', async () => {
    forgetIndex();
    expect(namesOf((await find('请')).messages)).toEqual(['chinese-gbk']);
    expect((await mailkeep.run('repair', '--rebuild-index')).code).toBe(0);
    expect(namesOf((await find('请')).messages)).toEqual(['chinese-gbk']);
    expect((await find('--', '-nothing')).total).toBe(ALL.length);
  });

  test('what has left the server is found, also as it was before', async () => {
    const inbox = store.find('INBOX')!;
    const uid = inbox.uids.find((each) => bodyOf(inbox.get(each)!).includes('<korean@'))!;
    inbox.expunge([uid]);
    const { report } = await mailkeep.sync();
    expect(report).toMatchObject({ status: 'ok', removed: 1 });
    expect(namesOf((await find('is:removed')).messages)).toEqual(['korean']);
    expect((await find('한국')).messages[0]).toMatchObject({ removed: true, mailboxes: ['INBOX'] });
    expect((await find('--at', '1', '한국')).messages[0]).toMatchObject({ removed: false });
    expect((await find('--at', '1', 'is:removed')).total).toBe(0);
  });

  test('sync --index leaves nothing to the search', async () => {
    store.find('INBOX')!.append({
      body: octetsOf({ ...KNOWN_MAIL[1]!, name: 'late' }),
      flags: [],
      internalDate: { seconds: 1_790_000_000, zone: 0 },
    });
    const run = documentOf(await mailkeep.run('sync', '--json', '--index'));
    expect(run.accounts).toEqual([
      expect.objectContaining({ added: 1, indexed: 1, unindexed: 0, unreadable: 0 }),
    ]);
    expect((await find('id:late@known.example')).total).toBe(1);
  });
});
