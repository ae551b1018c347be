/** Ties the daemon to the accounts of a configuration. */
import type { AccountConfig } from '../config/config.js';
import { ArchiveError, errorReport } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Daemon, DaemonAccount } from '../jobs/daemon.js';
import type { RunOutcome } from '../jobs/scheduler.js';
import { type ChoreEars, choresOf } from './chores.js';
import type { SeenArchives } from './seen-archives.js';
import { runSync } from './sync.js';
import { connectionsOfWatch, watchOf } from './watch.js';
import type { Wiring } from './wiring.js';

/** Gives the daemon the enabled accounts of this configuration; those it has are changed in place. */
export function setAccounts(daemon: Daemon, wiring: Wiring, ears: ChoreEars, seen: SeenArchives): void {
  const accounts = wiring.config.accounts.filter((account) => account.enabled);
  daemon.update(
    accounts.map((account) => daemonAccount(wiring, account, ears, seen)),
    wiring.config.concurrency,
  );
}

function daemonAccount(
  wiring: Wiring,
  account: AccountConfig,
  ears: ChoreEars,
  seen: SeenArchives,
): DaemonAccount {
  const { name } = account;
  const root = wiring.root(account);
  seen.look(root);
  // The limit holds for the sync and the watch together.
  const synced = { ...account, connections: account.connections - connectionsOfWatch(account) };
  return {
    name,
    schedule: account.schedule,
    timezone: account.timezone,
    staleAfterMs: account.staleAfterMs,
    ...history(wiring, account, ears.log),
    watch: watchOf(wiring, account),
    run: async (signal) => {
      try {
        seen.demand(root);
        return await run(wiring, synced, signal);
      } catch (error) {
        return { kind: 'crashed', error: errorReport(error) };
      } finally {
        seen.look(root);
      }
    },
    chores: choresOf(wiring, account, ears),
  };
}

async function run(wiring: Wiring, account: AccountConfig, signal: AbortSignal): Promise<RunOutcome> {
  const request = { full: false, dryRun: false, mailboxes: [], signal, holder: 'daemon' } as const;
  return { kind: 'report', report: await runSync(wiring, account, request) };
}

/** What the archive tells of the time before; one that can't be read is the next run's to report. */
function history(
  wiring: Wiring,
  account: AccountConfig,
  log: Log,
): Pick<DaemonAccount, 'overdue' | 'lastGoodAt'> {
  try {
    return { overdue: wiring.isOverdue(account), lastGoodAt: wiring.lastRun(account)?.lastGoodAt ?? null };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    log.warn(error.message, { account: account.name });
    return { overdue: account.schedule !== null, lastGoodAt: null };
  }
}
