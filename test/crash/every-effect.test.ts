// Every scenario, stopped at every effect, as a kill and as a power cut. By default the tiers take turns;
// MAILKEEP_SOAK=1 runs all of them.

import { describe, expect, test } from 'vitest';
import type { Tier } from '../support/imap-server/server-context.js';
import { crashEverywhere } from './crash-everywhere.js';
import { SCENARIOS } from './scenarios.js';

const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];
const SOAK = process.env.MAILKEEP_SOAK === '1';

describe('a run that is stopped behind any effect', () => {
  const cases = SCENARIOS.flatMap((scenario, at) =>
    TIERS.filter((_, turn) => SOAK || at % TIERS.length === turn).flatMap((tier) =>
      [false, true].map((powerCut) => ({ name: scenario.name, scenario, tier, powerCut })),
    ),
  );

  test.each(cases)(
    'ends as if nothing had been: $name ($tier, power cut: $powerCut)',
    async ({ scenario, tier, powerCut }) => {
      const effects = await crashEverywhere(scenario, { tier, powerCut });
      expect(effects).toBeGreaterThan(scenario.minEffects);
    },
  );
});
