import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageFacts } from '../../src/core/message/message-facts.js';
import { parseQuery, type Query } from '../../src/core/query/query.js';
import { matches, needsContent } from '../../src/core/query/query-match.js';
import { searchableText, searchTokens } from '../../src/core/query/search-text.js';

const context = {
  now: Date.UTC(2026, 2, 31, 12),
  startOfLocalDay: (year: number, month: number, day: number) => Date.UTC(year, month - 1, day),
};
const parse = (text: string) => parseQuery([text], context);

const MESSAGE: MessageFacts = {
  from: 'Jürgen Müller <j.mueller@example.org>',
  to: 'Ann Bee <ann@example.com>, 田中 太郎 <tanaka@example.jp>',
  cc: 'office@example.net',
  subject: 'Re: Rechnung für März — 請求書について',
  text: 'Dear Ann,\nthe invoice is in the attachment.\nПривет, мир! 안녕하세요 şimdi ÇAĞRI ΟΔΟΣ',
  attachmentNames: ['Rechnung_2026-03.pdf', 'terms and conditions.docx'],
  hasAttachment: true,
  mailboxes: [{ path: 'INBOX' }, { path: 'Work/Clients/Müller' }],
  date: Date.UTC(2026, 2, 24),
  size: 5 * 1024,
  flags: ['\\Seen', '$Forwarded'],
  removed: false,
  messageId: '<abc.123@example.org>',
};

describe('matches', () => {
  test.each<[string, boolean]>([
    ['', true],
    // Words: whole tokens, in any text, without case and accents.
    ['invoice', true],
    ['INVOICE', true],
    ['invoic', false],
    ['voice', false],
    ['marz', true],
    ['märz', true],
    ['MÄRZ', true],
    ['fur', true],
    ['müller', true],
    ['Muller', true],
    ['jurgen', true],
    ['привет', true],
    ['МИР', true],
    ['simdi', true],
    ['cagri', true],
    ['οδος', true],
    ['οδοσ', true],
    ['conditions', true],
    ['office', true],
    ['nowhere', false],
    // One character of Chinese, Japanese, Korean is enough.
    ['請求書', true],
    ['求', true],
    ['求請', false],
    ['田中', true],
    ['안녕', true],
    ['녕하', true],
    ['하안', false],
    ['について', true],
    // Phrases: one after the other, within one text.
    ['"the invoice is"', true],
    ['"invoice the"', false],
    ['"the attachment dear"', false],
    ['"dear ann the invoice"', true],
    ['"pdf terms"', false],
    ['j.mueller@example.org', true],
    ['"bee ann"', true],
    // And, or, not.
    ['invoice märz', true],
    ['invoice nowhere', false],
    ['nowhere OR invoice', true],
    ['nowhere OR nobody', false],
    ['nowhere invoice OR dear', true],
    ['-nowhere', true],
    ['-invoice', false],
    ['invoice -nowhere', true],
    // Text fields.
    ['from:müller', true],
    ['from:j.mueller@example.org', true],
    ['from:example.org', true],
    ['from:nobody@nowhere.invalid', false],
    ['from:ann', false],
    ['to:ann', true],
    ['to:太郎', true],
    ['to:office', false],
    ['cc:office@example.net', true],
    ['cc:ann', false],
    ['subject:rechnung', true],
    ['subject:"rechnung für"', true],
    ['subject:invoice', false],
    ['filename:rechnung', true],
    ['filename:pdf', true],
    ['filename:"terms and"', true],
    ['filename:invoice', false],
    ['-filename:exe', true],
    // Mailboxes.
    ['in:inbox', true],
    ['in:INBOX', true],
    ['in:work', false],
    ['in:work/**', true],
    ['in:work/clients/müller', true],
    ['in:"WORK/*/MÜLLER"', true],
    ['in:Müller', false],
    ['in:*', true],
    ['-in:Spam', true],
    // Dates: that day inclusive, before it exclusive.
    ['after:2026-03-24', true],
    ['after:2026-03-25', false],
    ['before:2026-03-24', false],
    ['before:2026-03-25', true],
    ['after:7d', true],
    ['after:6d', false],
    ['after:2026-03-01 before:2026-04-01', true],
    // Sizes are strict.
    ['larger:4K', true],
    ['larger:5K', false],
    ['smaller:5K', false],
    ['smaller:6K', true],
    // State.
    ['has:attachment', true],
    ['-has:attachment', false],
    ['is:seen', true],
    ['is:unseen', false],
    ['is:flagged', false],
    ['-is:flagged', true],
    ['is:removed', false],
    // Message-ID.
    ['id:<abc.123@example.org>', true],
    ['id:abc.123@example.org', true],
    ['id:123@example.org', false],
  ])('%s: %s', (text, expected) => {
    expect(matches(parse(text), MESSAGE)).toBe(expected);
  });

  test('takes a message without anything', () => {
    const empty: MessageFacts = {
      ...{ from: '', to: '', cc: '', subject: '', text: '', attachmentNames: [], hasAttachment: false },
      ...{ mailboxes: [], date: 0, size: 0, flags: [], removed: true, messageId: null },
    };
    expect(matches(parse('is:unseen is:removed -id:x -in:* -a -filename:a -has:attachment'), empty)).toBe(
      true,
    );
    expect(matches(parse('a'), empty)).toBe(false);
  });

  test('knows flags without case', () => {
    expect(matches(parse('is:flagged is:seen'), { ...MESSAGE, flags: ['\\FLAGGED', '\\seen'] })).toBe(true);
  });
});

describe('needsContent', () => {
  test.each([
    ['', 'index'],
    ['is:seen -is:removed larger:5 smaller:9 in:x id:y', 'index'],
    ['after:7d', 'headers'],
    ['before:1d', 'headers'],
    ['is:seen OR from:x', 'headers'],
    ['-to:x', 'headers'],
    ['cc:x', 'headers'],
    ['subject:x', 'headers'],
    ['x', 'text'],
    ['subject:x OR -y', 'text'],
    ['-filename:x', 'text'],
    ['has:attachment', 'text'],
  ])('%s: %s', (text, expected) => {
    expect(needsContent(parse(text))).toBe(expected);
  });

  test('is enough: what it calls unneeded changes no answer', () => {
    const blank = { text: '', attachmentNames: [], hasAttachment: false };
    const bare = { index: { ...blank, from: '', to: '', cc: '', subject: '' }, headers: blank, text: {} };
    for (const text of [
      'is:seen in:inbox',
      'from:müller -larger:9K',
      'subject:rechnung OR is:flagged',
      'dear',
    ]) {
      const query = parse(text);
      expect(matches(query, { ...MESSAGE, ...bare[needsContent(query)] })).toBe(true);
    }
  });
});

describe('search tokens', () => {
  test.each<[string, string[]]>([
    ['', []],
    ['—!? 🙂', []],
    ['a_b-c.d', ['a', 'b', 'c', 'd']],
    ['Ünïcödé e\u0301', ['unicode', 'e']],
    ['ﬁnance ２０２６ ﾃｽﾄ', ['finance', '2026', 'テ', 'ス', 'ト']],
    ['ガ か\u3099', ['ガ', 'が']],
    ['abc日本def', ['abc', '日', '本', 'def']],
    ['コーヒー', ['コ', 'ー', 'ヒ', 'ー']],
    ['𠮷野家', ['𠮷', '野', '家']],
    ['\u1112\u1161\u11ab', ['한']],
    ['ภาษาไทย', ['ภ', 'า', 'ษ', 'า', 'ไ', 'ท', 'ย']],
    ['हिन्दी में', ['हिन्दी', 'में']],
    ['שָׁלוֹם', ['שלום']],
    ['مُحَمَّد', ['محمد']],
    ['Rech\u00adnung a\u200cb', ['rechnung', 'ab']],
    ['İstanbul ISTANBUL ısı', ['istanbul', 'istanbul', 'isi']],
    ['STRAẞE Straße', ['strasse', 'strasse']],
    ['Ѐлка Йод', ['елка', 'иод']],
    ['ΟΔΟΣ.Α οδός', ['οδοσ', 'α', 'οδοσ']],
  ])('of %j', (text, tokens) => {
    expect(searchTokens(text)).toEqual(tokens);
  });

  test('of tokens are the tokens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const tokens = searchTokens(text);
        expect(searchTokens(tokens.join(' '))).toEqual(tokens);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of Western text are those of the full-text index', () => {
    const words =
      'The café, naïve Ångström; Zürich (1999) x_y http://a.b/c?d=e&f "quoted" l’été 5% #tag Łódź';
    expect(indexedTokens('unicode61 remove_diacritics 2', words)).toEqual(new Set(searchTokens(words)));
  });

  test('stay what they are in the full-text index', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const tokens = new Set(texts.flatMap(searchTokens));
        const indexed = indexedTokens('ascii', searchableText(texts));
        indexed.delete('¦');
        expect(indexed).toEqual(tokens);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a full-text index of the searchable text', () => {
  test('gives the answers of matches', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      'ab',
      'Ä',
      'ä',
      '日',
      '本',
      '日本',
      'の',
      '한',
      '국',
      '-',
      '. ',
      ' ',
      '\n',
      '🙂',
    );
    const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
    const phrase = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, fc.array(text, { maxLength: 3 }), phrase, (subject, body, names, wanted) => {
        const tokens = searchTokens(wanted);
        fc.pre(tokens.length > 0);
        const query: Query = { kind: 'phrase', field: null, tokens };
        const facts = { ...MESSAGE, from: '', to: '', cc: '', subject, text: body, attachmentNames: names };
        expect(matches(query, facts)).toBe(found([[subject], [body], names], tokens));
      }),
      { numRuns: 500 },
    );
  });
});

function found(columns: readonly (readonly string[])[], tokens: readonly string[]): boolean {
  using index = openIndex('ascii', ['a', 'b', 'c']);
  index.database.prepare('INSERT INTO t (a, b, c) VALUES (?, ?, ?)').run(...columns.map(searchableText));
  const select = index.database.prepare('SELECT count(*) FROM t WHERE t MATCH ?').pluck();
  return select.get(`"${tokens.join(' ')}"`) === 1;
}

function indexedTokens(tokenizer: string, text: string): Set<string> {
  using index = openIndex(tokenizer, ['a']);
  index.database.prepare('INSERT INTO t (a) VALUES (?)').run(text);
  index.database.exec("CREATE VIRTUAL TABLE v USING fts5vocab('t', 'row')");
  return new Set(index.database.prepare<[], string>('SELECT term FROM v').pluck().all());
}

function openIndex(tokenizer: string, columns: readonly string[]) {
  const database = new Database(':memory:');
  database.exec(`CREATE VIRTUAL TABLE t USING fts5(${columns.join(', ')}, tokenize = "${tokenizer}")`);
  return { database, [Symbol.dispose]: () => database.close() };
}
