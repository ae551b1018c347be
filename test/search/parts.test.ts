import { describe, expect, test } from 'vitest';
import { parseQuery } from '../../src/core/query/query.js';
import { snippetOf } from '../../src/core/query/snippet.js';
import { threadOf } from '../../src/core/query/thread.js';
import { numberedName, safeFileName } from '../../src/core/text/safe-file-name.js';

describe('safeFileName', () => {
  test.each<[string | null, string]>([
    ['report.pdf', 'report.pdf'],
    ['../../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system32\\cmd.exe', 'cmd.exe'],
    ['/etc/', 'fallback'],
    ['..', 'fallback'],
    ['.bashrc', 'bashrc'],
    ['  . hidden', 'hidden'],
    ['a\u0000b\u001b[2J\u202egnp.exe', 'a_b_[2J_gnp.exe'],
    ['a:b|c?d*e<f>"g', 'a_b_c_d_e_f__g'],
    ['CON.txt', '_CON.txt'],
    ['trailing. . ', 'trailing'],
    ['请求书.pdf', '请求书.pdf'],
    ['e\u0301.txt', 'é.txt'],
    ['\u200b\u200b', 'fallback'],
    [null, 'fallback'],
    ['', 'fallback'],
  ])('of %j is %j', (name, expected) => {
    expect(safeFileName(name, 'fallback')).toBe(expected);
  });

  test('is short enough for a file system, and keeps the extension', () => {
    const name = safeFileName(`${'請'.repeat(200)}.pdf`, 'fallback');
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
    expect(name).toMatch(/^請+\.pdf$/);
    expect(Buffer.byteLength(safeFileName('.'.padEnd(1000, 'x'), 'fallback'))).toBeLessThanOrEqual(200);
  });

  test('takes numbers before the extension', () => {
    expect([numberedName('a.pdf', 1), numberedName('a.pdf', 2), numberedName('a', 3)]).toEqual([
      'a.pdf',
      'a (2).pdf',
      'a (3)',
    ]);
  });
});

describe('snippetOf', () => {
  const context = { now: 0, startOfLocalDay: Date.UTC };
  const snippet = (text: string, query: string) => {
    const found = snippetOf(text, parseQuery([query], context));
    return { text: found.text, hits: found.hits.map(([from, to]) => found.text.slice(from, to)) };
  };

  test('is the text around the hit, on one line', () => {
    const text = `${'lorem ipsum '.repeat(40)}the\n\n  Invoice  of March ${'dolor sit '.repeat(40)}`;
    const found = snippet(text, 'invoice');
    expect(found.text).toMatch(/^….*the Invoice of March dolor.*…$/);
    expect(found.text.length).toBeLessThan(170);
    expect(found.hits).toEqual(['Invoice']);
  });

  test('shows most of the wanted words, as they are written', () => {
    const text = `first März alone. ${'x '.repeat(200)} then Rechnung für MÄRZ 2026`;
    expect(snippet(text, 'marz rechnung').hits).toEqual(['Rechnung', 'MÄRZ']);
    expect(snippet('前略 請求書について 以上', '求書').hits).toEqual(['求書']);
    expect(snippet('😀 ok 請求', '求').hits).toEqual(['求']);
  });

  test('is the start of the text where the hit stands elsewhere', () => {
    expect(snippet('  Dear Ann,\nhello', 'from:bob')).toEqual({ text: 'Dear Ann, hello', hits: [] });
    expect(snippet('', 'word')).toEqual({ text: '', hits: [] });
  });
});

describe('threadOf', () => {
  const link = (sha256: string, messageId: string | null, ...references: string[]) => ({
    sha256,
    messageId,
    references,
  });

  test('follows references both ways, over messages that are not here', () => {
    const links = [
      link('1', 'a'),
      link('2', 'b', 'a'),
      link('3', 'd', 'c'),
      link('4', 'e', 'c', 'b'),
      link('5', 'z'),
      link('6', null, 'missing'),
    ];
    expect(threadOf('3', links)).toEqual(['1', '2', '3', '4']);
    expect(threadOf('5', links)).toEqual(['5']);
    expect(threadOf('6', links)).toEqual(['6']);
  });

  test('ends where messages name each other in a circle', () => {
    expect(threadOf('1', [link('1', 'a', 'b'), link('2', 'b', 'a')])).toEqual(['1', '2']);
  });
});
