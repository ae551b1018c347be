import { describe, expect, test } from 'vitest';
import {
  isHost,
  isLoopback,
  isTimezone,
  parseFingerprint,
  parseListen,
  parseLongSpan,
  parseRate,
  parseShortSpan,
  parseSize,
} from '../../src/config/values.js';

const DAY = 86_400_000;

describe('a short span', () => {
  test.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['2 w', 14 * DAY],
  ])('%j is %d ms', (text, ms) => {
    expect(parseShortSpan(text)).toBe(ms);
  });

  test.each(['', '0h', '24', 'h', '-1h', '1.5h', '1y', '24H', '1h30m', '9999999d', '1constructor'])(
    '%j is none',
    (text) => {
      expect(parseShortSpan(text)).toBeUndefined();
    },
  );
});

describe('a long span', () => {
  test('counts months and years at their longest, so that nothing is pruned early', () => {
    expect(['1m', '12m', '1y', '1d', '1w', '0d'].map(parseLongSpan)).toEqual([
      31 * DAY,
      372 * DAY,
      366 * DAY,
      DAY,
      7 * DAY,
      0,
    ]);
  });

  test.each(['24h', '30s', '1001y', '1M', ''])('%j is none', (text) => {
    expect(parseLongSpan(text)).toBeUndefined();
  });
});

describe('a size', () => {
  test.each([
    ['100', 100],
    ['100B', 100],
    ['1K', 1024],
    ['1KB', 1000],
    ['1kb', 1000],
    ['1KiB', 1024],
    ['2000MB', 2_000_000_000],
    ['1.5 GiB', 1_610_612_736],
    ['1T', 2 ** 40],
  ])('%j is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '0', '0MB', '-1M', 'MB', '1X', '1iB', '1e9', '999999999T', '1 MB B'])(
    '%j is none',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );
});

describe('a rate', () => {
  test.each([
    ['2000MB/day', { bytes: 2_000_000_000, perMs: DAY }],
    ['1M/s', { bytes: 1_048_576, perMs: 1000 }],
    ['500 KB / minute', { bytes: 500_000, perMs: 60_000 }],
  ])('%j is %j', (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
  });

  test.each(['2000MB', '/day', '1M/', '1M/week', '1M/toString', '1M//day', '0/s'])('%j is none', (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
});

describe('a listen address', () => {
  test.each([
    ['127.0.0.1:8025', { kind: 'tcp', host: '127.0.0.1', port: 8025 }],
    ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }],
    ['[::1]:8025', { kind: 'tcp', host: '::1', port: 8025 }],
    ['unix:/run/mailkeep.sock', { kind: 'unix', path: '/run/mailkeep.sock' }],
    ['unix:run/x', { kind: 'unix', path: 'run/x' }],
  ])('%j is %j', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  test.each([
    '8025',
    ':8025',
    '127.0.0.1',
    '127.0.0.1:65536',
    '::1:8025',
    'unix:',
    'a b:1',
    'http://x:1',
    'unix:/a\n',
  ])('%j is none', (text) => {
    expect(parseListen(text)).toBeUndefined();
  });
});

describe('a fingerprint', () => {
  const node = Array.from({ length: 32 }, () => 'AB').join(':');

  test('comes out as Node writes it, with or without colons, in any case', () => {
    expect(parseFingerprint(`sha256:${node}`)).toBe(node);
    expect(parseFingerprint(`SHA256:${'ab'.repeat(32)}`)).toBe(node);
  });

  test.each([node, 'sha256:AB', `sha1:${node}`, `sha256:${node}:AB`, `sha256:${'xy'.repeat(32)}`])(
    '%j is none',
    (text) => {
      expect(parseFingerprint(text)).toBeUndefined();
    },
  );
});

describe('a host', () => {
  test.each([
    'imap.example.org',
    'localhost',
    'example.org.',
    '192.0.2.1',
    '::1',
    'fe80::1%eth0',
    'bücher.example',
    'my_host',
    'a',
  ])('%j is one', (text) => {
    expect(isHost(text)).toBe(true);
  });

  test.each([
    '',
    '.',
    'a..b',
    'a:993',
    'imaps://a',
    'a/b',
    'me@a',
    'a b',
    '-a',
    'a-',
    'a\nb',
    '[::1]',
    `${'a'.repeat(254)}`,
  ])('%j is none', (text) => {
    expect(isHost(text)).toBe(false);
  });
});

describe('the loopback', () => {
  test.each(['127.0.0.1', '127.255.255.254', '::1', 'localhost', 'LOCALHOST', 'localhost.'])(
    '%j is it',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1.example.org',
    '127.example.org',
    '127.1',
    '127.0.0.256',
    '1127.0.0.1',
    '128.0.0.1',
    'localhost.example.org',
    'notlocalhost',
    '::2',
    '0.0.0.0',
    '',
  ])('%j is not', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

test('a time zone is what the system knows', () => {
  expect(['UTC', 'Europe/Berlin', 'Europe/Berlinn', ''].map(isTimezone)).toEqual([true, true, false, false]);
});
