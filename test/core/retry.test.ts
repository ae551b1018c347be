import { describe, expect, test } from 'vitest';
import { fractionOf, retryDelay } from '../../src/core/daemon/retry.js';
import type { ErrorReport } from '../../src/core/report.js';

const error = (code: string, retryAfterMs?: number): ErrorReport => ({
  code,
  message: '',
  hint: null,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const seconds = (report: ErrorReport, failures: number) => retryDelay(report, failures, 'a') / 1000;

describe('the wait after a failure', () => {
  test('doubles and has a cap, however many failures there are', () => {
    const waits = [1, 2, 3, 4].map((failures) => seconds(error('unreachable'), failures));
    for (const [at, wait] of waits.entries()) expect(wait).toBeCloseTo(waits[0]! * 2 ** at, 1);
    expect(waits[0]).toBeGreaterThanOrEqual(5);
    for (const failures of [10, 100, 10_000]) {
      expect(seconds(error('unreachable'), failures)).toBeGreaterThanOrEqual(1800);
      expect(seconds(error('unreachable'), failures)).toBeLessThan(1980);
    }
  });

  test('is long where a password was refused, minutes where the server throttles, short behind a lock', () => {
    expect(seconds(error('credentials'), 1)).toBeGreaterThanOrEqual(3600);
    expect(seconds(error('throttled'), 1)).toBeGreaterThanOrEqual(300);
    expect(seconds(error('locked'), 50)).toBeLessThan(11);
  });

  test('is never shorter than the server asked for, and never more than a day and a bit', () => {
    expect(seconds(error('throttled', 7_200_000), 1)).toBeGreaterThanOrEqual(7200);
    expect(seconds(error('throttled', 1000), 1)).toBeGreaterThanOrEqual(300);
    expect(seconds(error('throttled', 1e15), 1)).toBeLessThan(27 * 3600);
  });

  test('differs between accounts, and not between two calls', () => {
    const waits = Array.from({ length: 50 }, (_, n) => retryDelay(error('unreachable'), 1, `account-${n}`));
    expect(new Set(waits).size).toBeGreaterThan(40);
    expect(retryDelay(error('unreachable'), 1, 'a')).toBe(retryDelay(error('unreachable'), 1, 'a'));
  });
});

describe('the fraction of a name', () => {
  test('lies in [0, 1) and spreads names that differ in one letter', () => {
    const fractions = Array.from({ length: 1000 }, (_, n) => fractionOf(`a${n}`));
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    const quarters = [0, 1, 2, 3].map((q) => fractions.filter((f) => Math.floor(f * 4) === q).length);
    for (const count of quarters) expect(count).toBeGreaterThan(180);
  });
});
