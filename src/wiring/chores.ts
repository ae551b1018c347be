/**
 * What the daemon does behind a run of an account: makes new mail searchable by its text, applies the retention
 * once a day, and rehearses a restore where that is configured. A chore that fails is a line in the log and
 * holds nothing up.
 */
import type { AccountConfig } from '../config/config.js';
import { byCron, every } from '../core/daemon/chore.js';
import type { DaemonObserver } from '../core/daemon/daemon-events.js';
import type { Log } from '../core/log.js';
import type { Chore } from '../jobs/daemon.js';
import { failureOf, type RunOutcome } from '../jobs/scheduler.js';
import { runDrill } from './drill.js';
import { runPrune } from './prune.js';
import type { Wiring } from './wiring.js';

export interface ChoreEars {
  readonly log: Log;
  readonly observer: DaemonObserver;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function choresOf(wiring: Wiring, account: AccountConfig, ears: ChoreEars): readonly Chore[] {
  return [
    indexing(wiring, account),
    ...(account.retention.removed === 'forever' ? [] : [pruning(wiring, account, ears)]),
    ...(account.drill === null || account.drill.schedule === null
      ? []
      : [rehearsal(wiring, account, account.drill.schedule, ears)]),
  ];
}

/** Beside the runs: it needs no lock, and a large mailbox takes its time. */
function indexing(wiring: Wiring, account: AccountConfig): Chore {
  // Also for what an earlier daemon left undone, or a `sync` of somebody else.
  const hourly = every(HOUR_MS);
  // The threads cost more to start than a message to read. A search reads what is left itself.
  const soon = every(MINUTE_MS);
  let waiting = false;
  return {
    name: 'text index',
    place: 'beside',
    isDue: (outcome, now) => {
      if (!isWhole(outcome)) return false;
      waiting ||= hourly.isDue(now);
      waiting ||= outcome.kind === 'report' && outcome.report.added + outcome.report.adopted > 0;
      if (!waiting || !soon.isDue(now)) return false;
      waiting = false;
      return true;
    },
    run: async (signal) => {
      const { runIndexingBehind } = await import('./background-indexing.js');
      await runIndexingBehind(wiring, account, { signal });
    },
  };
}

function pruning(wiring: Wiring, account: AccountConfig, { log }: ChoreEars): Chore {
  const daily = every(DAY_MS);
  return {
    name: 'prune',
    place: 'account',
    isDue: (outcome, now) => isWhole(outcome) && daily.isDue(now),
    run: async (signal) => {
      const { pruned, freed, hold } = await runPrune(wiring, account, { dryRun: false, signal });
      const facts = { account: account.name, pruned: pruned.length, freed };
      if (hold !== null) log.warn(`${account.name}: nothing was pruned: ${hold}`, facts);
      else if (pruned.length > 0) log.info(`${account.name}: pruned by retention`, facts);
    },
  };
}

function rehearsal(
  wiring: Wiring,
  account: AccountConfig,
  schedule: string,
  { log, observer }: ChoreEars,
): Chore {
  const { name } = account;
  const due = byCron(wiring.schedule, schedule, account.timezone);
  return {
    name: 'drill',
    // It holds the account's lock, so a run could not come between anyway.
    place: 'account',
    isDue: (outcome, now) => isWhole(outcome) && due.isDue(now),
    run: async (signal) => {
      const { sampled, restored, failed } = await runDrill(wiring, account, { signal });
      const facts = { account: name, sampled, restored, failed: failed.slice(0, 10) };
      if (failed.length === 0) {
        log.info(`${name}: ${restored} messages were restored and read back for a drill`, facts);
        return;
      }
      log.error(`${name}: ${failed.length} messages could not be restored in a drill`, facts);
      const counts = { missing: 0, corrupt: failed.length };
      observer.observe({ kind: 'damage-found', at: wiring.now, account: name, ...counts });
    },
  };
}

/** Behind a failure there are more urgent things, and the disk may be what failed. */
function isWhole(outcome: RunOutcome): boolean {
  return failureOf(outcome) === null;
}
