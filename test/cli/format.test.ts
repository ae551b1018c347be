/** A table fits the terminal it is shown on, also with wide characters, and is whole where there is none. */
import { describe, expect, test } from 'vitest';
import { formatTable } from '../../src/cli/format.js';
import { displayWidth } from '../../src/core/text/display-width.js';

const HEAD = ['mailbox', 'stored', 'last synced'];
const ROWS = [
  ['x'.repeat(80), 1234, '2026-11-22 00:43'],
  ['日本語 メール箱'.repeat(6), 3, '2026-11-22 00:43'],
  ['INBOX', 600, '2026-11-22 00:43'],
];

describe('a table', () => {
  test.each([44, 60, 80, 100])('has no line longer than a terminal of %d columns', (columns) => {
    const lines = formatTable(HEAD, ROWS, columns).split('\n');
    expect(lines).toHaveLength(4);
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
    expect(lines[1]).toMatch(/^x+… {2} 1,234 {2}2026-11-22 00:43$/);
    expect(lines[2]).toMatch(/^日本語.*… +3 {2}2026-11-22 00:43$/);
    expect(new Set(lines.slice(1).map(displayWidth)).size).toBe(1);
  });

  test('is cut nowhere else', () => {
    expect(formatTable(HEAD, ROWS)).toContain('x'.repeat(80));
    expect(formatTable(HEAD, [['INBOX', 600, 'never']], 80)).toBe(
      formatTable(HEAD, [['INBOX', 600, 'never']]),
    );
  });
});
