/** The daemon's events as lines of its log. */

import type { Log, LogLevel } from '../log.js';
import type { SyncReport } from '../report.js';
import { isoTime, syncReportJson } from '../report-json.js';
import type { DaemonEvent, DaemonObserver } from './daemon-events.js';

/** Failures that one line names; `status --json` has them all. */
const NAMED_FAILURES = 10;

export function logObserver(log: Log): DaemonObserver {
  // Who waits for another mailkeep asks every few seconds, for hours perhaps: one line is enough.
  const waiting = new Set<string>();
  return {
    observe: (event) => {
      const { level, message, facts } = lineOf(event);
      const isLocked = event.kind === 'run-crashed' && event.error.code === 'locked';
      const isKnown = isLocked && waiting.has(event.account);
      if (isLocked) waiting.add(event.account);
      else if (event.kind === 'run-finished' || event.kind === 'run-crashed') waiting.delete(event.account);
      log[isKnown ? 'debug' : level](message, facts);
    },
  };
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

function lineOf(event: DaemonEvent): Line {
  switch (event.kind) {
    case 'started':
      return line('info', 'mailkeep started', { accounts: event.accounts.length });
    case 'run-queued':
      return line('debug', `${event.account}: waits for its turn`, { cause: event.cause });
    case 'run-started':
      return line('debug', `${event.account}: run begins`, { cause: event.cause });
    case 'run-finished':
      return reportLine(event.report, event.nextRunAt);
    case 'run-crashed':
      return line(
        event.error.code === 'locked' ? 'warn' : 'error',
        `${event.account}: ${event.error.message}`,
        {
          account: event.account,
          code: event.error.code,
          hint: event.error.hint,
          next_run_at: isoTime(event.nextRunAt),
        },
      );
    case 'next-run':
      return line('debug', `${event.account}: next run ${isoTime(event.nextRunAt) ?? 'is not planned'}`);
    case 'account-stale':
      return line(
        'warn',
        `${event.account}: no good run ${event.since === null ? 'yet' : `since ${isoTime(event.since)}`}`,
        { account: event.account },
      );
    case 'account-recovered':
      return line('info', `${event.account}: up to date again`, { account: event.account });
    case 'watch-state':
      return line(
        event.state === 'lost' || event.state === 'unsupported' ? 'warn' : 'debug',
        `${event.account}: ${watchWords(event.state, event.mailbox)}`,
        { account: event.account, mailbox: event.mailbox },
      );
    case 'damage-found':
      return line('error', `${event.account}: the archive is damaged`, {
        account: event.account,
        missing: event.missing,
        corrupt: event.corrupt,
      });
    case 'config-reloading':
      return line('info', 'reading the configuration again');
    case 'config-reloaded':
      return line('info', 'the new configuration is in force', { accounts: event.accounts.length });
    case 'config-refused':
      return line('error', `the configuration was refused, the old one stays in force: ${event.message}`, {
        hint: event.hint,
      });
    case 'stopping':
      return line('info', 'stopping: the batches under way come to their end');
    case 'stopped':
      return line('info', 'mailkeep stopped');
  }
}

function reportLine(report: SyncReport, nextRunAt: number | null): Line {
  const { failures, ...numbers } = syncReportJson(report);
  const level = report.status === 'ok' || report.error?.code === 'interrupted' ? 'info' : 'warn';
  return line(level, `${report.account}: run ${report.run} ${report.status}${outcome(report)}`, {
    ...numbers,
    hint: report.error?.hint ?? null,
    failures: failures.slice(0, NAMED_FAILURES),
    next_run_at: isoTime(nextRunAt),
  });
}

/** What a person wants to read of it: why it failed, else what it did. */
function outcome(report: SyncReport): string {
  if (report.error !== null) return `: ${report.error.message}`;
  const [first] = report.failures;
  if (first !== undefined) return `: ${report.failed} not stored, first ${first.mailbox}: ${first.reason}`;
  const done = [
    [report.added, 'added'],
    [report.adopted, 'adopted'],
    [report.flagsChanged, 'flags changed'],
    [report.removed, 'gone'],
  ] as const;
  const words = done.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  return `: ${words.length === 0 ? 'nothing new' : words.join(', ')}`;
}

function line(level: LogLevel, message: string, facts: Line['facts'] = {}): Line {
  return { level, message, facts };
}

function watchWords(state: string, mailbox: string): string {
  if (state === 'watching') return `watches ${mailbox}`;
  if (state === 'lost') return `the watch on ${mailbox} was lost; the schedule goes on`;
  if (state === 'unsupported') return `the server can't watch ${mailbox}; the schedule goes on`;
  return `the watch on ${mailbox} is ${state}`;
}
