import { describe, expect, test } from 'vitest';
import { progressLine } from '../../src/cli/progress.js';

const counts = { mailbox: 'INBOX', messages: 1000, messagesTotal: 4000, bytes: 10e6, bytesTotal: 40e6 };

describe('progressLine', () => {
  test('tells counts, rate, what is left and where it is', () => {
    expect(progressLine(new Map([['me', counts]]), 'me', 10_000)).toBe(
      'me: 1,000 of 4,000 messages, 10.0 MB of 40.0 MB, 1.0 MB/s, 30 s left, INBOX',
    );
  });

  test('accounts side by side share the line, which tells their sum', () => {
    const both = new Map([
      ['me', counts],
      ['you', { ...counts, mailbox: '日本語\u001b[2J' }],
    ]);
    expect(progressLine(both, 'you', 10_000)).toBe(
      '2 accounts: 2,000 of 8,000 messages, 20.0 MB of 80.0 MB, 2.0 MB/s, 30 s left, you 日本語␛[2J',
    );
  });

  test('promises nothing where a total is not known, or at the very start', () => {
    const open = new Map([['me', { ...counts, messagesTotal: null, bytesTotal: null }]]);
    expect(progressLine(open, 'me', 10_000)).toBe('me: 1,000 messages, 10.0 MB, 1.0 MB/s, INBOX');
    expect(progressLine(new Map([['me', counts]]), 'me', 500)).toBe(
      'me: 1,000 of 4,000 messages, 10.0 MB of 40.0 MB, INBOX',
    );
  });
});
