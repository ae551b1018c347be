/** `mailkeep daemon`: stays in the foreground and runs the schedule until it is told to stop. */
import pino from 'pino';
import type { AccountConfig } from '../config/config.js';
import { keysWithoutEffect } from '../config/not-yet.js';
import { describeError, MailkeepError } from '../core/errors.js';
import type { SyncReport } from '../core/report.js';
import { syncReportJson } from '../core/report-json.js';
import { runScheduler, type ScheduledAccount } from '../jobs/scheduler.js';
import { runSync } from '../wiring/sync.js';
import type { Wiring } from '../wiring/wiring.js';
import { EXIT } from './exit-code.js';
import type { Verb } from './io.js';

export async function daemon(verb: Verb): Promise<number> {
  const { config, wiring } = await verb.load();
  const log = pino(
    { level: verb.options.logLevel ?? config.log.level, base: null },
    pino.destination({ dest: 2, sync: true }),
  );
  const accounts = config.accounts.filter((account) => account.enabled);
  for (const key of keysWithoutEffect(config)) log.warn(`${key} has no effect in this version`);
  log.info({ accounts: accounts.length }, 'mailkeep started');
  await runScheduler(
    accounts.map((account) => scheduled(account, wiring, log)),
    { schedule: wiring.schedule, concurrency: config.concurrency, signal: verb.signal },
  );
  log.info('mailkeep stopped');
  // A service that was asked to stop has done its job.
  return EXIT.ok;
}

function scheduled(account: AccountConfig, wiring: Wiring, log: pino.Logger): ScheduledAccount {
  return {
    name: account.name,
    schedule: account.schedule,
    timezone: account.timezone,
    overdue: () => wiring.isOverdue(account),
    run: async (signal) => {
      try {
        logReport(log, await runSync(wiring, account, { full: false, dryRun: false, mailboxes: [], signal }));
      } catch (error) {
        const hint = error instanceof MailkeepError ? error.hint : null;
        log.error({ account: account.name, hint }, describeError(error));
      }
    },
  };
}

function logReport(log: pino.Logger, report: SyncReport): void {
  const { failures, ...facts } = syncReportJson(report);
  const level = report.status === 'ok' ? 'info' : report.error?.code === 'interrupted' ? 'info' : 'warn';
  log[level](
    { ...facts, failures: failures.slice(0, 10) },
    `${report.account}: run ${report.run} ${report.status}`,
  );
}
