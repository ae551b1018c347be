/**
 * What the daemon does behind a run of an account. A chore that fails is a line in the log and holds nothing
 * up.
 */
import type { AccountConfig } from '../config/config.js';
import type { Chore } from '../jobs/daemon.js';
import { ensureIndexed } from './index-text.js';
import type { Wiring } from './wiring.js';

export function choresOf(wiring: Wiring, account: AccountConfig): readonly Chore[] {
  return [indexing(wiring, account)];
}

/** After every run: what an earlier one left unread, because it was stopped, is read too. */
function indexing(wiring: Wiring, account: AccountConfig): Chore {
  return {
    name: 'index',
    place: 'beside',
    isDue: (outcome) => outcome.kind === 'report',
    run: async (signal) => {
      try {
        await ensureIndexed(wiring, account, { signal });
      } catch (error) {
        // Whoever stops the daemon has not broken anything.
        if (!signal.aborted) throw error;
      }
    },
  };
}
