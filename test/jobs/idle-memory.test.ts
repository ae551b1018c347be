import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DaemonEvent } from '../../src/core/daemon/daemon-events.js';
import { IdleMemory } from '../../src/wiring/idle-memory.js';
import { syncReport } from '../support/sync-report.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const begins = (account: string): DaemonEvent => ({ kind: 'run-started', at: 0, account, cause: 'schedule' });
const ends = (account: string): DaemonEvent => ({
  kind: 'run-finished',
  at: 0,
  account,
  report: syncReport({ account }),
  nextRunAt: null,
});

let collected = 0;
let memory: IdleMemory;
beforeEach(() => {
  vi.useFakeTimers();
  collected = 0;
  memory = new IdleMemory(() => {
    collected += 1;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

function observe(...events: DaemonEvent[]): void {
  for (const event of events) memory.observe(event);
}

describe('the memory of an idle daemon', () => {
  test('is given back once behind the last run, and not while another is under way', () => {
    observe(begins('a'), begins('b'), ends('a'));
    vi.advanceTimersByTime(5 * MINUTE);
    expect(collected).toBe(0);
    observe(ends('b'));
    vi.advanceTimersByTime(20 * SECOND);
    observe(begins('a'), ends('a'));
    vi.advanceTimersByTime(20 * SECOND);
    expect(collected).toBe(0);
    vi.advanceTimersByTime(10 * SECOND);
    expect(collected).toBe(1);
    vi.advanceTimersByTime(60 * MINUTE);
    expect(collected).toBe(1);
  });

  test('is left alone between runs that follow each other', () => {
    for (let minute = 0; minute < 30; minute++) {
      observe(begins('a'), ends('a'));
      vi.advanceTimersByTime(MINUTE);
    }
    expect(collected).toBeLessThanOrEqual(3);
    expect(collected).toBeGreaterThanOrEqual(1);
  });

  test('is no concern of a daemon that stops', () => {
    observe(begins('a'), ends('a'), { kind: 'stopping', at: 0 });
    vi.advanceTimersByTime(60 * MINUTE);
    expect(collected).toBe(0);
  });

  test('is collected by Node itself', () => {
    vi.useRealTimers();
    expect(() => new IdleMemory()).not.toThrow();
  });
});
