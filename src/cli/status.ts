/**
 * `mailkeep status`: the last run and the completeness of every mailbox, from the archive alone; with --at,
 * as it was then.
 */
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import type { ArchiveStatus, FailedMessage } from '../core/ports/archive.js';
import { accountStatusJson, isStale, type StatusContext } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { unindexedOf } from '../wiring/index-text.js';
import { readMoment } from '../wiring/moment.js';
import { countAbsent } from '../wiring/selection.js';
import type { Wiring } from '../wiring/wiring.js';
import { chooseAccounts } from './accounts.js';
import { eachAccount, inOrder } from './each-account.js';
import { combineExitCodes, EXIT } from './exit-code.js';
import { formatBytes, formatCount, formatTable, formatTime } from './format.js';
import { columnsOf, print, printJson, type Verb } from './io.js';

export async function status(
  verb: Verb,
  names: readonly string[],
  flags: { readonly at?: string },
): Promise<number> {
  const moment = readMoment(flags.at);
  const { config, wiring } = await verb.load();
  const accounts = chooseAccounts(config, names);
  const { done, failed, codes } = await eachAccount(verb, accounts, (account) =>
    read(wiring, account, moment),
  );
  if (verb.options.json) {
    const documents = done.map(({ status, context, absent }) => ({
      ...accountStatusJson(status, context),
      ...(absent === null ? {} : { absent }),
    }));
    printJson(verb, { accounts: inOrder(accounts, documents, failed) });
  } else if (done.length > 0) {
    const columns = columnsOf(verb.terminal);
    const texts = done.map(({ status, context, absent }) =>
      absent === null ? describe(status, context, columns) : describePast(status, context, absent, columns),
    );
    print(verb, texts.join('\n\n'));
  }
  return combineExitCodes([...codes, ...done.map(() => EXIT.ok)]);
}

interface Read {
  readonly status: ArchiveStatus;
  readonly context: StatusContext;
  /** With --at: messages of then that were pruned since or are lost. */
  readonly absent: number | null;
}

/** What lay ahead then, and whether that was late, is not part of how the account was. */
function read(wiring: Wiring, account: AccountConfig, moment: Moment | null): Read {
  const reader = wiring.reader(account);
  try {
    const now = { account: account.name, now: wiring.now };
    if (moment !== null) {
      const at = reader.runAt(moment);
      const context = { ...now, staleAfterMs: null, nextRunAt: null, activity: null };
      return { status: reader.status({ at }), context, absent: countAbsent(reader, at) };
    }
    const context = {
      ...now,
      staleAfterMs: account.staleAfterMs,
      nextRunAt: wiring.nextRunAt(account),
      activity: wiring.activity(account),
      unindexed: unindexedOf(wiring, account),
    };
    return { status: reader.status(), context, absent: null };
  } finally {
    reader.close();
  }
}

/** How many messages that could not be stored are named; --json has them all. */
const NAMED_FAILURES = 10;

function describe(status: ArchiveStatus, context: StatusContext, columns: number | null): string {
  const last = status.lastReport;
  const lines = [
    `${context.account}: ${formatCount(status.messages, 'message')}, ${formatBytes(status.bytes)}; ${formatCount(status.removed, 'message')} kept under removed/`,
    last === null
      ? '  no run has come to its end yet'
      : `  last run ${formatTime(last.startedAt)}: ${last.status}${last.error === null ? '' : ` (${printable(last.error.message)})`}`,
    `  last complete run ${formatTime(status.lastSuccessAt)}${isStale(status, context) ? ' - STALE' : ''}`,
  ];
  if (context.activity !== null) {
    const { command, pid, since } = context.activity;
    lines.push(
      `  at work: mailkeep ${printable(command)} since ${formatTime(Date.parse(since))} (pid ${pid})`,
    );
  }
  if (context.nextRunAt !== null)
    lines.push(`  next run ${formatTime(context.nextRunAt)} if the daemon runs`);
  const { waiting = 0, broken = 0 } = context.unindexed ?? {};
  if (waiting > 0)
    lines.push(`  text not yet searchable: ${formatCount(waiting, 'message')}; the next search indexes it`);
  if (broken > 0)
    lines.push(`  text that can't be read: ${formatCount(broken, 'message')}; found by the header only`);
  if (status.hold !== null)
    lines.push(`  ON HOLD: ${printable(status.hold)}; mailkeep accept ${context.account} releases it`);
  for (const { mailbox, reason } of last?.failures.filter(({ uid }) => uid === null) ?? [])
    lines.push(`  not seen whole: ${printable(mailbox)}: ${printable(reason)}`);
  lines.push(...status.failures.slice(0, NAMED_FAILURES).map((failure) => describeFailure(failure, context)));
  if (status.failures.length > NAMED_FAILURES)
    lines.push(`  and ${status.failures.length - NAMED_FAILURES} more; --json names them all`);
  const rows = status.mailboxes.map((mailbox) => [
    `  ${printable(mailbox.path)}`,
    mailbox.onServer,
    mailbox.stored,
    mailbox.pending,
    mailbox.failed,
    formatTime(mailbox.lastSyncedAt),
  ]);
  if (rows.length > 0)
    lines.push(
      formatTable(['  mailbox', 'server', 'stored', 'pending', 'failed', 'last synced'], rows, columns),
    );
  return lines.join('\n');
}

function describeFailure(failure: FailedMessage, { now }: StatusContext): string {
  const { mailbox, uid, reason, attempts, nextAttemptAt } = failure;
  const next =
    nextAttemptAt <= now ? 'tried again with the next run' : `again from ${formatTime(nextAttemptAt)}`;
  return `  not stored: ${printable(mailbox)} UID ${uid}: ${printable(reason)} (${formatCount(attempts, 'attempt')}, ${next})`;
}

function describePast(
  status: ArchiveStatus,
  context: StatusContext,
  absent: number,
  columns: number | null,
): string {
  const run = status.lastReport;
  const lines = [
    `${context.account} at the end of run ${run?.run}, ${formatTime(status.mailboxes[0]?.lastSyncedAt ?? run?.startedAt ?? null)}: ${formatCount(status.messages, 'message')}, ${formatBytes(status.bytes)}; ${formatCount(status.removed, 'message')} had left the server`,
  ];
  if (absent > 0)
    lines.push(`  ${formatCount(absent, 'message')} of then can't be restored: pruned since, or lost`);
  if (status.hold !== null) lines.push(`  on hold then: ${printable(status.hold)}`);
  const rows = status.mailboxes.map((mailbox) => [
    `  ${printable(mailbox.path)}`,
    mailbox.onServer,
    mailbox.stored,
  ]);
  if (rows.length > 0) lines.push(formatTable(['  mailbox', 'server', 'stored'], rows, columns));
  return lines.join('\n');
}
