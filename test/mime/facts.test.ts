import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ContentFacts, NO_HEADER } from '../../src/core/message/message-facts.js';
import { headerFacts, MAX_TEXT, messageFacts } from '../../src/mime/facts.js';

/** Real messages, many of them malformed; not part of the project. */
const CORPUS = resolve(import.meta.dirname, '../../../shared/corpus');

const octets = (text: string) => Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
const utf8 = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'));
const header = (text: string) => headerFacts(octets(`${text}\n\n`));
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('headerFacts', () => {
  test('reads the fields of a plain header', async () => {
    const facts = await header(
      [
        'From: Ann Bee <ann@example.org>',
        'To: bob@example.org, "C, Dee" <dee@example.org>',
        'Cc: team: eve@example.org, Fay <fay@example.org>;',
        'Subject: the',
        '  invoice',
        'Date: Tue, 24 Mar 2026 14:00:00 +0100',
        'Message-ID: <a.b@c>',
      ].join('\n'),
    );
    expect(facts).toEqual({
      ...NO_HEADER,
      from: 'Ann Bee <ann@example.org>',
      to: 'bob@example.org, C, Dee <dee@example.org>',
      cc: 'team, eve@example.org, Fay <fay@example.org>',
      subject: 'the invoice',
      date: Date.UTC(2026, 2, 24, 13),
      messageId: '<a.b@c>',
      recipients: ['bob@example.org', 'C, Dee <dee@example.org>'],
    });
  });

  test.each([
    ['', NO_HEADER],
    ['X: y', NO_HEADER],
    ['\0\0\0', NO_HEADER],
    ['no colon here', NO_HEADER],
    [': x', NO_HEADER],
  ])('gives empty facts for %j', async (text, facts) => {
    expect(await header(text)).toEqual(facts);
    expect(await headerFacts(Buffer.from(text))).toEqual(facts);
  });

  test.each([
    ['=?utf-8?B?w5xiZXI=?=', 'Über'],
    ['=?utf-8?q?=C3=9Cber_alles?=', 'Über alles'],
    ['=?iso-8859-1?Q?=DCber?= =?iso-8859-1?Q?_alles?=', 'Über alles'],
    [`=?UTF-8?B?${base64('日本').slice(0, 4)}?=\n =?UTF-8?B?${base64('日本').slice(4)}?=`, '日本'],
    ['=?gb2312?B?1tDOxA==?=', '中文'],
    ['=?GBK?B?1tDOxA==?=', '中文'],
    ['=?gb18030?B?1tDOxIEwgTA=?=', '中文\u0080'],
    ['=?big5?B?pKSk5Q==?=', '中文'],
    ['=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=', '日本'],
    ['=?shift_jis?B?k/qWew==?=', '日本'],
    ['=?euc-jp?B?xvzL3A==?=', '日本'],
    ['=?euc-kr?B?x9GxuQ==?=', '한국'],
    ['=?ks_c_5601-1987?B?x9GxuQ==?=', '한국'],
    ['=?koi8-r?B?8NLJ18XU?=', 'Привет'],
    ['=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?=', 'Привет'],
    ['=?utf-8*de?Q?gr=C3=BCn?=', 'grün'],
    ['=?x-nonsense?Q?plain?=', 'plain'],
    ['=?utf-8?B?', '=?utf-8?B?'],
  ])('decodes the subject %s', async (subject, expected) => {
    expect((await header(`Subject: ${subject}`)).subject).toBe(expected);
  });

  test('reads undeclared octets as UTF-8, as what the body declares, else as Western', async () => {
    expect((await headerFacts(utf8('Subject: grün 日本\n\n'))).subject).toBe('grün 日本');
    const gbk = 'Subject: \xd6\xd0\xce\xc4';
    expect((await header(gbk)).subject).toBe('ÖÐÎÄ');
    expect((await header(`${gbk}\nContent-Type: text/plain; charset="gb2312"`)).subject).toBe('中文');
    expect((await header('Subject: gr\xfcn')).subject).toBe('grün');
    expect((await header('From: J\xfcrgen <j@x>')).from).toBe('Jürgen <j@x>');
    expect((await header('Subject: \x1b$BF|K\\\x1b(B')).subject).toBe('日本');
  });

  test('takes the first sender and subject, and every recipient', async () => {
    const facts = await header('From: a@x\nFrom: b@x\nSubject: one\nSubject: two\nTo: c@x\nTo: d@x');
    expect(facts).toMatchObject({ from: 'a@x', subject: 'one', to: 'c@x, d@x' });
  });

  test('ends at the empty line', async () => {
    expect((await headerFacts(octets('Subject: a\n\nTo: b@x\n'))).to).toBe('');
    expect((await headerFacts(octets('\nSubject: a\n'))).subject).toBe('');
  });

  test('reads lines that end in LF or CR alone', async () => {
    const text = 'Subject: a\nTo: b@x\nDate: 1 Jan 2026 00:00 GMT\nMessage-ID: <i@x>\n\n';
    const date = Date.UTC(2026, 0, 1);
    const facts = { ...NO_HEADER, subject: 'a', to: 'b@x', recipients: ['b@x'], date, messageId: '<i@x>' };
    expect(await headerFacts(Buffer.from(text))).toEqual(facts);
    expect(await headerFacts(Buffer.from(text.replaceAll('\n', '\r')))).toEqual(facts);
  });

  test('is bounded', async () => {
    const many = await header(`To: ${'someone@example.org,\n '.repeat(50_000)}\nSubject: x`);
    expect(many.to.length).toBeLessThan(400_000);
    const long = await header(`Subject: ${'x'.repeat(5_000_000)}`);
    expect(long.subject.length).toBeLessThan(300_000);
  });

  test.each<[string, string | null]>([
    ['Tue, 24 Mar 2026 14:00:00 +0100', '2026-03-24T13:00:00Z'],
    ['24 Mar 2026 14:00 -0330', '2026-03-24T17:30:00Z'],
    ['Tue, 24 Mar 2026 14:00:00 GMT', '2026-03-24T14:00:00Z'],
    ['Tue, 24 Mar 2026 14:00:00 EST', '2026-03-24T19:00:00Z'],
    ['Tue, 24 Mar 2026 14:00:00 +0100 (CET)', '2026-03-24T13:00:00Z'],
    ['Tue, 24 March 2026 14:00:00', '2026-03-24T14:00:00Z'],
    ['Mon, 5 Jan 98 9:05:00 Z', '1998-01-05T09:05:00Z'],
    ['Mon, 5 Jan 126 09:05:00 Z', '2026-01-05T09:05:00Z'],
    ['Tuesday, 24-Mar-26 14:00:00 GMT', '2026-03-24T14:00:00Z'],
    ['2026-03-24 14:00:00', '2026-03-24T14:00:00Z'],
    ['2026-03-24T14:00:00+01:00', '2026-03-24T13:00:00Z'],
    ['Tue, 31 Feb 2026 14:00:00 +0100', null],
    ['Tue, 24 Foo 2026 14:00:00 +0100', null],
    ['Tue, 24 Mar 2026 25:00:00 +0100', null],
    ['2026-02-31 14:00:00', null],
    ['yesterday at 5', null],
    ['1', null],
    ['', null],
  ])('reads the date %j', async (text, expected) => {
    const { date } = await header(`Date: ${text}`);
    expect(date).toBe(expected === null ? null : Date.parse(expected));
  });
});

describe('messageFacts', () => {
  test('reads a plain message', async () => {
    expect(await messageFacts(octets('Subject: a\nFrom: b@x\n\nhello\nworld\n'))).toEqual({
      ...NO_HEADER,
      subject: 'a',
      from: 'b@x',
      text: 'hello\nworld\n',
      attachmentNames: [],
      hasAttachment: false,
      attachments: [],
      protection: null,
      broken: null,
    });
  });

  test('reads a message whose lines end in CR alone', async () => {
    const message = multipart(
      'mixed',
      ['Content-Type: text/plain', 'hello'],
      ['Content-Type: a/b; name=c', 'x'],
    );
    const facts = await messageFacts(Buffer.from(message.toString().replaceAll('\r\n', '\r')));
    expect(facts).toMatchObject({ text: 'hello', attachmentNames: ['c'] });
  });

  test.each([
    ['iso-8859-15', '\xa4 gr\xfcn', '€ grün'],
    ['windows-1252', '\x80 \x93a\x94', '€ “a”'],
    ['gb2312', '\xd6\xd0\xce\xc4', '中文'],
    ['gb18030', '\xd6\xd0\xce\xc4', '中文'],
    ['big5', '\xa4\xa4\xa4\xe5', '中文'],
    ['iso-2022-jp', '\x1b$BF|K\\\x1b(B', '日本'],
    ['shift_jis', '\x93\xfa\x96\x7b', '日本'],
    ['euc-kr', '\xc7\xd1\xb1\xb9', '한국'],
    ['ks_c_5601-1987', '\xc7\xd1\xb1\xb9', '한국'],
    ['koi8-r', '\xf0\xd2\xc9\xd7\xc5\xd4', 'Привет'],
    ['utf-16le', 'a\0b\0', 'ab'],
    ['x-nobody-knows', 'plain', 'plain'],
  ])('decodes text in %s', async (charset, body, expected) => {
    const encoded = Buffer.from(body, 'latin1').toString('base64');
    const head = `Content-Type: text/plain; charset=${charset}\nContent-Transfer-Encoding:`;
    expect((await messageFacts(octets(`${head} base64\n\n${encoded}`))).text).toBe(expected);
    if (charset !== 'utf-16le') {
      expect((await messageFacts(octets(`${head} 8bit\n\n${body}`))).text).toBe(expected);
    }
  });

  test('reads undeclared text as UTF-8, else as Western', async () => {
    expect((await messageFacts(utf8('Subject: a\n\ngrün 日本'))).text).toBe('grün 日本');
    expect((await messageFacts(octets('Subject: a\n\ngr\xfcn'))).text).toBe('grün');
    const mixed = 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\ngr\xfcn\n--b\n\n';
    expect((await messageFacts(Buffer.concat([octets(mixed), utf8('日本\n--b--\n')]))).text).toContain(
      'grün',
    );
    expect((await messageFacts(Buffer.concat([octets(mixed), utf8('日本\n--b--\n')]))).text).toContain(
      '日本',
    );
  });

  test.each([
    ['<p>one</p><p>two</p>', 'one\ntwo'],
    ['a<b>b</b>c<br>d<td>e', 'abc\nd\ne'],
    ['<style>p {}</style>a<script>if (a < b) c();</script>b<!-- c > d -->', 'a\n\nb'.replace('\n\n', '\n')],
    ['caf&eacute; &Auml;rger &Scaron; &amp;lt; &#26085;&#x672c; &euro;', 'café Ärger Š &lt; 日本 €'],
    ['&alpha;&omega;&Alpha; &unknown; &#0; &#x110000;', 'αωΑ &unknown;'],
    ['a &lt;b&gt; c', 'a <b> c'],
    ['1 < 2 and 3 > 2', '1 2 and 3 > 2'],
    ['<A HREF="x">link</A>', 'link'],
    ['never <closed', 'never'],
    ['<!-- never closed', ''],
    ['<style>never closed', ''],
  ])('reduces the HTML %s', async (html, expected) => {
    const { text, broken } = await messageFacts(utf8(`Content-Type: text/html; charset=utf-8\n\n${html}`));
    expect({ text, broken }).toEqual({ text: expected, broken: null });
  });

  test('finds HTML that stands in containers without plain text', async () => {
    const message = multipart(
      'related',
      ['Content-Type: text/html', '<p>only here</p>'],
      image('cid1', 'p.png'),
    );
    expect((await messageFacts(message)).text).toBe('only here');
  });

  test('keeps both of two alternatives', async () => {
    const plain = ['Content-Type: text/plain', 'your program shows no HTML'] as const;
    const { text } = await messageFacts(
      multipart('alternative', plain, ['Content-Type: text/html', '<p>real</p>']),
    );
    expect(text).toContain('your program');
    expect(text).toContain('real');
  });

  test.each([
    ['name="a.pdf"', 'a.pdf'],
    ["name*=utf-8''gr%C3%BCn.pdf", 'grün.pdf'],
    ["name*0*=utf-8''gr%C3; name*1*=%BCn; name*2=.pdf", 'grün.pdf'],
    ['name="=?utf-8?B?5pel5pysLnBkZg==?="', '日本.pdf'],
    ['name==?utf-8?B?5pel5pysLnBkZg==?=', '日本.pdf'],
    [`name="${Buffer.from('grün.pdf').toString('latin1')}"`, 'grün.pdf'],
  ])('decodes the file name %s', async (parameter, expected) => {
    const facts = await messageFacts(
      multipart(
        'mixed',
        ['Content-Type: text/plain', 'hi'],
        [`Content-Type: application/pdf; ${parameter}`, 'x'],
      ),
    );
    expect(facts).toMatchObject({ attachmentNames: [expected], hasAttachment: true });
    const disposition = `Content-Disposition: attachment; ${parameter.replaceAll('name', 'filename')}`;
    const other = await messageFacts(
      multipart('mixed', [`Content-Type: application/pdf\n${disposition}`, 'x']),
    );
    expect(other).toMatchObject({ attachmentNames: [expected], hasAttachment: true });
  });

  test.each<[string, string, boolean, string[]]>([
    ['a file', 'Content-Type: application/zip; name=a.zip', true, ['a.zip']],
    ['a file without a name', 'Content-Type: application/zip\nContent-Disposition: attachment', true, []],
    ['a picture that HTML shows', 'Content-Type: image/png; name=a.png\nContent-ID: <c>', false, ['a.png']],
    [
      'a document with a Content-ID',
      'Content-Type: application/pdf; name=a.pdf\nContent-ID: <c>',
      true,
      ['a.pdf'],
    ],
    ['a signature', 'Content-Type: application/pgp-signature; name=s.asc', false, ['s.asc']],
    ['text with a name', 'Content-Type: text/plain; name=notes.txt', true, ['notes.txt']],
    [
      'text as a file',
      'Content-Type: text/html\nContent-Disposition: attachment; filename=a.html',
      true,
      ['a.html'],
    ],
    ['text without a name', 'Content-Type: text/plain', false, []],
    ['an invitation', 'Content-Type: text/calendar; method=REQUEST', false, []],
  ])('tells whether %s is an attachment', async (_, head, hasAttachment, attachmentNames) => {
    const facts = await messageFacts(multipart('related', ['Content-Type: text/html', '<p>hi'], [head, 'x']));
    expect(facts).toMatchObject({ hasAttachment, attachmentNames });
  });

  test.each([
    'Content-Disposition: attachment; filename=fwd.eml',
    'Content-Disposition: inline; filename=fwd.eml',
  ])('reads a forwarded message with %s', async (disposition) => {
    const inner = multipart(
      'mixed',
      ['Content-Type: text/plain', 'inner text'],
      ['Content-Type: application/pdf; name=inner.pdf', 'x'],
    );
    const forwarded = [`Content-Type: message/rfc822\n${disposition}`, `Subject: deep\n${inner}`] as const;
    const facts = await messageFacts(multipart('digest', ['Content-Type: text/plain', 'outer'], forwarded));
    expect(facts.text).toMatch(/outer.*inner text/s);
    expect(facts.text).toContain('deep');
    expect([...facts.attachmentNames].sort()).toEqual(['fwd.eml', 'inner.pdf']);
    expect(facts.hasAttachment).toBe(true);
  });

  test('keeps what the header gave when the parser gives up', async () => {
    const message = octets(
      `Subject: kept\nContent-Type: multipart/mixed; boundary=b\n\n${'--b\nContent-Type: a/b\n\nx\n'.repeat(5_000)}`,
    );
    const facts = await messageFacts(message);
    expect(facts.subject).toBe('kept');
    expect(facts.broken).toMatch(/./);
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['NUL', Buffer.alloc(10_000)],
    ['a nest of containers', octets(nested(900))],
    ['a bottomless nest', octets(nested(20_000))],
    ['messages within messages', octets('Content-Type: message/rfc822\n\n'.repeat(3_000))],
    [
      'attached messages within attached messages',
      octets('Content-Type: message/rfc822\nContent-Disposition: attachment\n\n'.repeat(3_000)),
    ],
    ['nested tags', octets(`Content-Type: text/html\n\n${'<div>'.repeat(200_000)}x`)],
    ['angle brackets', octets(`Content-Type: text/html\n\n${'<'.repeat(1_000_000)}`)],
    ['open comments', octets(`Content-Type: text/html\n\n${'<!--'.repeat(200_000)}`)],
    ['open scripts', octets(`Content-Type: text/html\n\n${'<script '.repeat(100_000)}`)],
    ['references', octets(`Content-Type: text/html\n\n${'&'.repeat(500_000)}`)],
    ['a header without end', octets(`Subject: ${'a'.repeat(3_000_000)}`)],
    ['groups within groups', octets(`To: ${'a:'.repeat(20_000)}\n\n`)],
    ['names of objects', octets('__proto__: a\nContent-Type: text/plain; charset=constructor\n\nx')],
  ])('comes to an end with %s', async (_, message) => {
    const { text } = await messageFacts(message);
    expect(text.length).toBeLessThanOrEqual(MAX_TEXT);
  });

  test('keeps no more text than can be searched', async () => {
    const { text } = await messageFacts(octets(`Subject: a\n\n${'words '.repeat(500_000)}`));
    expect(text.length).toBe(MAX_TEXT);
  });

  test('writes nothing that refers to the network', async () => {
    const { text } = await messageFacts(
      octets('Content-Type: text/html\n\n<img src="http://x.invalid/a.png">a'),
    );
    expect(text).toBe('a');
  });
});

describe.skipIf(!existsSync(CORPUS))(
  'messageFacts over real mail (../shared/corpus; skipped where it is not)',
  () => {
    test('reads every message to its end, nearly every subject and date', async () => {
      const files = readdirSync(CORPUS, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.eml'))
        .map((entry) => join(entry.parentPath, entry.name));
      expect(files.length).toBeGreaterThan(1_000);
      const all: ContentFacts[] = [];
      const undated: string[] = [];
      for (const file of files) {
        const message = readFileSync(file);
        const facts = await messageFacts(message);
        all.push(facts);
        const head = message.toString('latin1').replace(/\r?\n\r?\n.*/s, '');
        if (facts.date === null && /^date:.*\d\d:\d\d/im.test(head)) undated.push(file);
      }
      expect(all.filter(({ broken }) => broken !== null)).toEqual([]);
      const unreadable = all.filter(({ subject }) => subject.includes('\ufffd'));
      expect(unreadable.length).toBeLessThan(5);
      expect(undated.length).toBeLessThan(10);
      expect(all.filter(({ text }) => text !== '').length).toBeGreaterThan(files.length * 0.9);
      expect(all.filter(({ attachmentNames }) => attachmentNames.length > 0).length).toBeGreaterThan(200);
    });
  },
);

type Part = readonly [header: string, body: string];

function multipart(kind: string, ...parts: readonly Part[]): Buffer {
  const bodies = parts.map(([head, body]) => `--edge-${kind}\n${head}\n\n${body}\n`);
  return octets(
    `Content-Type: multipart/${kind}; boundary="edge-${kind}"\n\n${bodies.join('')}--edge-${kind}--\n`,
  );
}

function image(id: string, name: string): Part {
  return [`Content-Type: image/png; name=${name}\nContent-ID: <${id}>`, 'x'];
}

function nested(depth: number): string {
  const levels = Array.from(
    { length: depth },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`,
  );
  return `${levels.join('')}\nhello`;
}
