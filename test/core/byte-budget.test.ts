import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteBudget } from '../../src/core/byte-budget.js';

const HOUR = 3_600_000;
const LIMIT = { bytes: 1000, perMs: 24 * HOUR };

describe('a byte budget', () => {
  test('is what is left of the window, and whole again when the window has passed', () => {
    const budget = new ByteBudget(LIMIT, []);
    budget.spend(400, 10 * HOUR);
    budget.spend(600, 20 * HOUR);
    expect(budget.left(20 * HOUR)).toBe(0);
    expect(budget.left(35 * HOUR)).toBe(400);
    expect(budget.left(45 * HOUR)).toBe(1000);
  });

  test('tells when there is enough', () => {
    const budget = new ByteBudget(LIMIT, []);
    budget.spend(400, 10 * HOUR);
    budget.spend(600, 20 * HOUR);
    expect(budget.freeAt(21 * HOUR, 100)).toBe(34.5 * HOUR);
    expect(budget.freeAt(21 * HOUR, 500)).toBe(44.5 * HOUR);
    expect(budget.freeAt(21 * HOUR, 5000)).toBe(44.5 * HOUR);
    expect(new ByteBudget(LIMIT, []).freeAt(5, 1000)).toBe(5);
  });

  test('is never overdrawn in any window, whatever is spent when, also across a restart', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.nat(10 * HOUR), wish: fc.nat(700) }), { maxLength: 60 }),
        (steps) => {
          let budget = new ByteBudget(LIMIT, []);
          let now = HOUR;
          const spent: { at: number; bytes: number }[] = [];
          for (const { wait, wish } of steps) {
            now += wait;
            budget = new ByteBudget(LIMIT, JSON.parse(JSON.stringify(budget.spent)));
            const bytes = Math.min(wish, budget.left(now));
            budget.spend(bytes, now);
            spent.push({ at: now, bytes });
            const recent = spent.filter(({ at }) => at > now - LIMIT.perMs);
            expect(recent.reduce((sum, one) => sum + one.bytes, 0)).toBeLessThanOrEqual(LIMIT.bytes);
            const free = budget.freeAt(now, 300);
            expect(budget.left(free)).toBeGreaterThanOrEqual(300);
          }
        },
      ),
    );
  });
});
