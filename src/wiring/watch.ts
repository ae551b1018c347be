/** Hears of new mail of one account. */
import type { AccountConfig } from '../config/config.js';
import { Secret } from '../core/secret.js';
import type { DaemonAccount } from '../jobs/daemon.js';
import { sha256 } from './surroundings.js';
import type { Wiring } from './wiring.js';

/** null where nothing is to be watched. */
export function watchOf(wiring: Wiring, account: AccountConfig): DaemonAccount['watch'] {
  if (account.watch.length === 0) return null;
  return {
    mailboxes: account.watch,
    watcher: {
      watch: async (...request) => {
        const { imapWatcher } = await import('../imap/watch.js');
        return imapWatcher(wiring.imapSettings(account)).watch(...request);
      },
    },
    identity: identityOf(account),
  };
}

/** Connections that a watch may have at most: one is left for the sync. */
export function connectionsOfWatch(account: AccountConfig): number {
  return Math.min(account.watch.length, Math.max(0, account.connections - 1));
}

/** Tells two configurations of an account apart, a changed password included, and tells nobody the password. */
function identityOf(account: AccountConfig): string {
  const text = JSON.stringify(account, function (this: Record<string, unknown>, key, value: unknown) {
    const original = this[key];
    return original instanceof Secret ? original.reveal() : value;
  });
  return sha256(text);
}
