/**
 * One backup run of one account: poll, observe, adopt, fetch, settle, retire. Each phase leaves the archive
 * in a state that the next run can go on from; retiring comes last, when all additions of all mailboxes
 * are in, so that a move never looks like a loss.
 */
import { ArchiveError, errorReport, InterruptedError, throwIfAborted } from '../core/errors.js';
import type { Source } from '../core/ports/source.js';
import type { ErrorReport, RunStatus, SyncReport } from '../core/report.js';
import { adopt } from './adopt.js';
import { deleteStored } from './delete-stored.js';
import { fetchMissing } from './fetch-missing.js';
import { finishRename } from './follow-rename.js';
import { finishRun, takeOverJournal } from './journal-run.js';
import { observeMailboxes } from './observe-mailboxes.js';
import { counted } from './rate-limit.js';
import { recover } from './recover.js';
import { refreshLabels } from './refresh-labels.js';
import { retire } from './retire.js';
import { settleFiles } from './settle-files.js';
import { SyncContext, type SyncOptions, type SyncPorts } from './sync-context.js';

/** Never throws for what a server or a disk does: the report says how far the run came, or would come. */
export function syncAccount(ports: SyncPorts, options: SyncOptions): Promise<SyncReport> {
  return options.dryRun ? ports.index.rehearse(() => run(ports, options)) : run(ports, options);
}

async function run(ports: SyncPorts, options: SyncOptions): Promise<SyncReport> {
  const startedAt = ports.clock();
  takeOverJournal(ports);
  const { run: number, unclean } = ports.index.beginRun();
  const context = new SyncContext(ports, options, number);
  let source: Source | null = null;
  let failure: unknown = null;
  let hold: string | null = ports.index.hold();
  let retired = false;
  try {
    await finishRename(context);
    if (unclean && !options.dryRun) await recover(context);
    throwIfAborted(options.signal);
    source = await ports.source.open(options.signal);
    if (context.budget !== null) source = counted(source, context.budget);
    await observeMailboxes(context, source);
    await refreshLabels(context, source);
    if (options.dryRun) foresee(context);
    else {
      await adopt(context, source);
      await fetchMissing(context, source);
      if ((await settleFiles(context)) > 0) {
        // The server still has what somebody took away here, perhaps another mailbox of the archive too.
        await adopt(context, source);
        await fetchMissing(context, source);
      }
      hold = await retire(context);
      retired = hold === null && !context.tally.blind;
      if (retired && typeof options.deleteAfterMs === 'number')
        context.tally.deletedOnServer = await deleteStored(context, source, options.deleteAfterMs);
    }
  } catch (error) {
    failure = options.signal.aborted ? new InterruptedError() : error;
  } finally {
    await source?.close();
  }
  const report = makeReport(context, { startedAt, tier: source?.tier ?? null, hold, failure });
  // On a broken disk even this may fail; the first error is the one that counts.
  if (!(failure instanceof ArchiveError) && !options.dryRun) finishRun(ports, report, retired);
  return report;
}

/** What the phases after the plans would count, as far as the plans tell. */
function foresee({ ports, tally }: SyncContext): void {
  const { messages, bytes } = ports.index.pending(ports.clock());
  tally.added = messages;
  tally.bytesDownloaded = bytes;
  for (const mailbox of ports.index.leaving()) tally.removed += mailbox.leaving;
}

function makeReport(
  context: SyncContext,
  outcome: { startedAt: number; tier: Source['tier'] | null; hold: string | null; failure: unknown },
): SyncReport {
  const { tally, options, ports, run } = context;
  const pending = ports.index.failures().map(({ mailbox, uid, reason }) => ({ mailbox, uid, reason }));
  const failures = [...tally.failures, ...pending];
  const pausedUntil = context.budget?.pausedUntil ?? null;
  const status: RunStatus =
    outcome.failure !== null
      ? 'failed'
      : failures.length > 0 || tally.blind || outcome.hold !== null || pausedUntil !== null
        ? 'incomplete'
        : 'ok';
  return {
    account: options.account,
    status,
    run,
    startedAt: outcome.startedAt,
    durationMs: ports.clock() - outcome.startedAt,
    tier: outcome.tier,
    mailboxes: tally.mailboxes,
    mailboxesChanged: tally.mailboxesChanged,
    added: tally.added,
    adopted: tally.adopted,
    bytesDownloaded: tally.bytesDownloaded,
    flagsChanged: tally.flagsChanged,
    moved: tally.moved,
    removed: tally.removed,
    failed: failures.length,
    hold: outcome.hold !== null,
    ...(typeof options.deleteAfterMs === 'number' && { deletedOnServer: tally.deletedOnServer }),
    failures,
    error:
      outcome.failure !== null
        ? errorReport(outcome.failure)
        : (holdReport(options.account, outcome.hold) ?? limitReport(context)),
  };
}

function limitReport({ budget, ports, options }: SyncContext): ErrorReport | null {
  if (budget === null || budget.pausedUntil === null) return null;
  const { messages, bytes } = ports.index.pending(ports.clock());
  const until = new Date(budget.pausedUntil).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    code: 'rate_limit',
    message: `${options.account}: rate_limit is spent until ${until}; ${messages} messages (${Math.ceil(bytes / 1e6)} MB) wait`,
    hint: 'what was stored is safe; the first run from then on goes on, the daemon by itself',
    retryAfterMs: Math.max(0, budget.pausedUntil - ports.clock()),
  };
}

function holdReport(account: string, hold: string | null): ErrorReport | null {
  if (hold === null) return null;
  return {
    code: 'hold',
    message: `${hold}; everything is kept and the account is on hold`,
    hint: `look at the server; if the mail was deleted on purpose, run mailkeep accept ${account}`,
  };
}
