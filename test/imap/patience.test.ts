import { describe, expect, test } from 'vitest';
import { AccountError } from '../../src/core/errors.js';
import { describePause, toldPause } from '../../src/imap/patience.js';
import { CommandRefusedError, ConnectionLostError } from '../../src/imap/wire/errors.js';

const refused = (text: string) =>
  new CommandRefusedError('UID FETCH', { status: 'NO', code: 'LIMIT', codeArguments: '', text });

describe('the time that a server names', () => {
  test.each([
    ['Request is throttled. Suggested Backoff Time: 299961 milliseconds', 299_961],
    ['Rate limit hit, try again in 30.5 seconds', 30_500],
    ['Too many requests; retry after 45s', 45_000],
    ['Please wait 2 minutes before the next attempt', 120_000],
    ['Account exceeded limits, try again in about 1 hour.', 3_600_000],
    ['Backoff 500 ms', 500],
  ])('is read from %j', (text, expected) => {
    expect(toldPause(refused(text))).toBe(expected);
    expect(toldPause(new ConnectionLostError('gone', { bye: text }))).toBe(expected);
    expect(toldPause(new AccountError('later', { code: 'throttled', cause: refused(text) }))).toBe(expected);
  });

  test.each(['Try later', 'Too many simultaneous connections (15)', 'Bandwidth of 2500 MB exceeded', 'wait'])(
    'is not seen in %j',
    (text) => {
      expect(toldPause(refused(text))).toBeNull();
    },
  );

  test('is told to people in round numbers', () => {
    expect([500, 30_500, 299_961, 3 * 3_600_000].map(describePause)).toEqual([
      '1 s',
      '31 s',
      '5 minutes',
      '3 hours',
    ]);
  });
});
