import { describe, expect, test } from 'vitest';
import { searchTable } from '../../src/cli/search-table.js';
import { NO_CONTENT } from '../../src/core/message/message-facts.js';
import { displayWidth } from '../../src/core/text/display-width.js';
import type { Hit } from '../../src/wiring/search.js';

function hit(subject: string, from: string, text: string, word: string): Hit {
  const at = text.indexOf(word);
  return {
    ...NO_CONTENT,
    id: 1,
    sha256: 'ab'.repeat(32),
    size: 1,
    date: 0,
    from,
    to: [],
    subject,
    attached: true,
    places: [
      {
        path: 'Work/日本語の長い名前',
        flags: '',
        removed: true,
        place: { tree: 'mail', folder: 'x', name: 'x' },
      },
    ],
    rank: 0,
    account: 'personal',
    snippet: { text, hits: [[at, at + word.length]] },
  };
}

const BLANKS = ' '.repeat(40);
const HITS = [
  hit(
    'Rechnung für März',
    'Jürgen Müller <j@example.org>',
    'Dear Ann, the invoice is in the attachment',
    'invoice',
  ),
  hit(
    '日本語の長い件名がここにありますとても長いです',
    '山田太郎の長い名前です',
    `${'あ'.repeat(30)}請求${'書'.repeat(60)}`,
    '請求',
  ),
  hit('👨‍👩‍👧 ❤️ 🇩🇪 e\u0301'.repeat(5), 'ไทยภาษาไทย', 'x word x', 'word'),
  hit(`fake${BLANKS}INBOX${BLANKS}0123456789`, `a\u3000\u2003\u00a0${BLANKS}b`, 'x word x', 'word'),
  hit(
    '\u001b[2J\u0007\u202eevil\r\nnew line\ttab',
    '\u001b]0;title\u0007',
    'a \u001b[31mword\u009b1m',
    'word',
  ),
  hit(`zalgo ${'e\u0301\u0302\u0303'.repeat(3)}${'\u0336'.repeat(50)}`, '', 'x word x', 'word'),
];

describe('the table of found messages', () => {
  test.each([36, 40, 59, 60, 72, 80, 120, 200])('fits %i columns', (width) => {
    for (const withAccount of [false, true]) {
      const table = searchTable(HITS, { width, isBold: false, withAccount });
      for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
      expect(table).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(table).not.toMatch(/\p{M}{7}/u);
    }
  });

  test('shows every hit, however narrow it is', () => {
    for (const width of [36, 80, 120]) {
      const lines = searchTable(HITS, { width, isBold: true, withAccount: false }).split('\n');
      const bold = lines.flatMap((line) => /\u001b\[1m(.*)\u001b\[22m/.exec(line)?.[1] ?? []);
      expect(bold).toEqual(['invoice', '請求', 'word', 'word', 'word', 'word']);
    }
  });

  test('has no cell that looks like two', () => {
    const [, row] = searchTable([HITS[3]!], { width: 120, isBold: false, withAccount: false }).split('\n');
    expect(row!.split(/ {2,}/)).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d$/),
      'NAR',
      'a b',
      'fake INBOX 0123456789',
      expect.stringContaining('Work'),
      'ababababab',
    ]);
  });

  test('is as wide as what it holds, where there is room', () => {
    const [head] = searchTable([HITS[0]!], { width: 200, isBold: false, withAccount: false }).split('\n');
    expect(head).toBe(
      'date              marks  from           subject            mailbox                id'.replace(
        'mailbox                id',
        `mailbox${' '.repeat(displayWidth('Work/日本語の長い名前') - 7)}  id`,
      ),
    );
  });
});
