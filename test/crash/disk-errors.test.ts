// A disk that is full from some write on, and one that fails a single time.

import { describe, expect, test } from 'vitest';
import { BROKEN, FULL, failEverywhere, STRIDE } from './fail-everywhere.js';
import { SCENARIOS } from './scenarios.js';

const names = [
  'first run',
  'new mail, flags and keywords',
  'deletions',
  'moves and copies recognised by their octets',
];
const scenarios = SCENARIOS.filter((scenario) => names.includes(scenario.name));

describe.each([
  { kind: 'is full', trouble: FULL },
  { kind: 'fails once', trouble: BROKEN },
])('a disk that $kind', ({ trouble }) => {
  test.each(scenarios)('harms nothing at any write: $name', async (scenario) => {
    expect(await failEverywhere(scenario, trouble)).toBeGreaterThan(scenario.minEffects / 2 / STRIDE);
  });
});
