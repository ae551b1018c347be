/** Hears of new mail of one account, as far as its limit of connections leaves room beside the sync. */
import type { AccountConfig } from '../config/config.js';
import type { Watcher } from '../core/watch-ports.js';
import type { Wiring } from './wiring.js';

export interface WatchPlan {
  readonly mailboxes: readonly string[];
  /** What is configured and left to the schedule, because it would take one connection too many. */
  readonly beyond: readonly string[];
  readonly watcher: Watcher;
  /** Another text where the connections have to be made anew. */
  readonly identity: string;
}

/** null where nothing is to be watched. */
export function planWatch(wiring: Wiring, account: AccountConfig): WatchPlan | null {
  const room = Math.max(0, account.connections - 1);
  const mailboxes = account.watch.slice(0, room);
  if (account.watch.length === 0) return null;
  return {
    mailboxes,
    beyond: account.watch.slice(room),
    watcher: {
      watch: async (...request) => {
        const { imapWatcher } = await import('../imap/watch.js');
        return imapWatcher(wiring.imapSettings(account)).watch(...request);
      },
    },
    identity: JSON.stringify([mailboxes, account]),
  };
}
