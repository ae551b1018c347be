// A short stretch of the soak; `npm run soak` goes on for as long as it is told.

import { describe, expect, test } from 'vitest';
import { chaos } from './chaos.js';

const ROUNDS = 25;

describe('a bad link', () => {
  test.each([
    ['qresync', 'wire'],
    ['condstore', 'wire'],
    ['plain', 'wire'],
    ['qresync', 'imapflow'],
  ] as const)(
    'costs time, never mail (%s, %s)',
    async (tier, engine) => {
      const figures = await chaos({ seed: 20_261_121, rounds: ROUNDS, tier, engine });
      // A link on which nothing went wrong would prove nothing.
      expect(Object.keys(figures.faults)).toHaveLength(6);
      expect(figures.connections).toBeGreaterThan(ROUNDS);
      expect(figures.outcomes.ok ?? 0).toBeLessThan(ROUNDS);
    },
    300_000,
  );
});
