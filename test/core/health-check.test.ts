import { describe, expect, test } from 'vitest';
import {
  judgeCertificate,
  judgeDisk,
  judgeGrowth,
  judgeNode,
  judgeRoom,
} from '../../src/core/daemon/health-check.js';

const DISK = { freeBytes: 50e9, totalBytes: 100e9, freeFiles: 1_000_000 };
const DAY = 86_400_000;

describe('judgeNode', () => {
  test.each([
    ['20.18.3', 'problem'],
    ['18.20.0', 'problem'],
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('%s is a %s', (version, state) => {
    expect(judgeNode(version).state).toBe(state);
  });
});

describe('judgeDisk', () => {
  test('warns below 1 GB or 10,000 files, and calls it a problem where next to nothing is left', () => {
    expect(judgeDisk(DISK, '/a').state).toBe('ok');
    expect(judgeDisk({ ...DISK, freeBytes: 9e8 }, '/a').state).toBe('warning');
    expect(judgeDisk({ ...DISK, freeFiles: 9_000 }, '/a').state).toBe('warning');
    expect(judgeDisk({ ...DISK, freeFiles: 10 }, '/a')).toMatchObject({
      state: 'problem',
      code: 'disk_full',
    });
  });

  test('a file system without a fixed number of files is judged by its room alone', () => {
    expect(judgeDisk({ ...DISK, freeFiles: null }, '/a').state).toBe('ok');
  });
});

describe('judgeRoom', () => {
  test('counts a file for each message to come', () => {
    expect(judgeRoom({ messages: 1_000_001, bytes: 1 }, DISK).state).toBe('problem');
    expect(judgeRoom({ messages: 999_999, bytes: 1 }, DISK).state).toBe('ok');
    expect(judgeRoom({ messages: 2_000_000, bytes: 1 }, { ...DISK, freeFiles: null }).state).toBe('ok');
    expect(judgeRoom({ messages: 1, bytes: 60e9 }, DISK).state).toBe('problem');
  });
});

describe('judgeGrowth', () => {
  test('takes what ends first, octets or files', () => {
    const pace = { spanMs: 10 * DAY, bytes: 1e9, messages: 1000 };
    expect(judgeGrowth(pace, DISK)?.facts).toEqual({ days_left: 500 });
    expect(judgeGrowth({ ...pace, messages: 1_000_000 }, DISK)).toMatchObject({
      state: 'warning',
      facts: { days_left: 10 },
    });
  });

  test('says nothing of a pace that nobody has seen', () => {
    expect(judgeGrowth({ spanMs: 1000, bytes: 1e9, messages: 1 }, DISK)).toBeNull();
  });
});

describe('judgeCertificate', () => {
  test('warns for fourteen days before the end', () => {
    const until = (validTo: number) => judgeCertificate({ validFrom: 0, validTo }, 100 * DAY);
    expect(until(115 * DAY)).toBeNull();
    expect(until(113 * DAY)).toBe('expires in 13 days');
    expect(until(99 * DAY)).toBe('has expired');
    expect(judgeCertificate({ validFrom: 101 * DAY, validTo: 200 * DAY }, 100 * DAY)).toContain('clock');
  });
});
