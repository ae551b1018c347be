/**
 * What the daemon does behind a run of an account. A chore that fails is a line in the log and holds nothing
 * up.
 */
import type { AccountConfig } from '../config/config.js';
import type { Chore } from '../jobs/daemon.js';
import type { Wiring } from './wiring.js';

export function choresOf(_wiring: Wiring, _account: AccountConfig): readonly Chore[] {
  return [];
}
