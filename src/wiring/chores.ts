/**
 * What the daemon does behind a run, in the account's own place, so that nothing else works on the account
 * meanwhile. A chore that fails is a line in the log and holds nothing up.
 */
import type { AccountConfig } from '../config/config.js';
import type { RunOutcome } from '../jobs/scheduler.js';
import type { Wiring } from './wiring.js';

export interface Chore {
  readonly name: string;
  /** Whether it is to be done behind this run; asked each time. */
  readonly isDue: (outcome: RunOutcome, now: number) => boolean;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export function choresOf(_wiring: Wiring, _account: AccountConfig): readonly Chore[] {
  return [];
}
