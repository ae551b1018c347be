/** Durations in words; a table fits the terminal it is shown on, also with wide characters, and is whole elsewhere. */
import { describe, expect, test } from 'vitest';
import { formatDuration, formatTable } from '../../src/cli/format.js';
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

describe('a duration', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [119_600, '2 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_599_700, '1 h 0 min'],
    [7_260_000, '2 h 1 min'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
