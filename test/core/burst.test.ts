import { describe, expect, test } from 'vitest';
import { type Burst, burstDueAt, type News, withNews } from '../../src/core/daemon/burst.js';

/** When runs would begin for news at these times, each run taking `runMs`. */
function runs(news: readonly (readonly [at: number, news: News])[], runMs: number): number[] {
  const begun: number[] = [];
  let burst: Burst | null = null;
  let freeAt = 0;
  for (let now = 0; now <= 120_000; now += 10) {
    for (const [at, what] of news) if (at >= now && at < now + 10) burst = withNews(burst, what, at);
    if (burst === null || now < freeAt || burstDueAt(burst, begun.at(-1) ?? null) > now) continue;
    begun.push(now);
    burst = null;
    freeAt = now + runMs;
  }
  return begun;
}

describe('a burst of news', () => {
  test('of one message is a run at once', () => {
    expect(runs([[1000, 'arrived']], 100)).toEqual([1150]);
  });

  test.each([2, 10, 50])('of 500 messages, %i ms apart, is a few runs', (apart) => {
    const news = Array.from({ length: 500 }, (_, n) => [n * apart, 'arrived'] as const);
    const begun = runs(news, 100);
    expect(begun.length).toBeLessThanOrEqual(2 + (500 * apart) / 1200);
    expect(begun.at(-1)).toBeGreaterThanOrEqual(499 * apart);
    expect(begun.at(-1)! - 499 * apart).toBeLessThan(1500);
  });

  test('lets no message wait for more than a second and a half, whenever it comes', () => {
    for (let gap = 100; gap < 4000; gap += 170) {
      const news = Array.from({ length: 20 }, (_, n) => [n * gap, 'arrived'] as const);
      const begun = runs(news, 200);
      for (const [at] of news) {
        const seen = begun.find((start) => start >= at);
        expect(seen, `gap ${gap}`).toBeDefined();
        expect(seen! - at, `gap ${gap}`).toBeLessThanOrEqual(1500);
      }
    }
  });

  test('of flags alone is in no hurry, and a message among them is', () => {
    expect(runs([[0, 'changed']], 100)).toEqual([5000]);
    expect(
      runs(
        [
          [0, 'changed'],
          [1000, 'arrived'],
        ],
        100,
      ),
    ).toEqual([1150]);
  });
});
