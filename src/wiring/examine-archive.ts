/** For `doctor`: the archive of one account, how its runs went and what is still to come. Changes nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import {
  broken,
  doubtful,
  type Expected,
  fine,
  type Growth,
  type HealthCheck,
  judgeGrowth,
  judgeRoom,
} from '../core/daemon/health-check.js';
import { describeError } from '../core/errors.js';
import type { ArchiveStatus, RunRow } from '../core/ports/archive.js';
import { isStale } from '../core/report-json.js';
import { printable } from '../core/text/printable.js';
import { quickCheck } from '../sqlite/quick-check.js';
import { diskOf, examinePermissions } from './examine-machine.js';
import type { ExaminedServer } from './examine-server.js';
import { unindexedOf } from './index-text.js';
import type { Wiring } from './wiring.js';

/** Of a message whose size nobody has told yet. */
const USUAL_BYTES = 75_000;

/** `server` as it was seen just now; null where it could not be reached. */
export function examineArchive(
  wiring: Wiring,
  account: AccountConfig,
  server: ExaminedServer | null,
): HealthCheck[] {
  const root = wiring.root(account);
  try {
    if (!existsSync(root)) {
      const next = `mailkeep sync ${account.name} makes the first backup`;
      return [doubtful('archive', 'nothing was backed up yet', next), ...room(wiring, null, server)];
    }
    const permissions = examinePermissions('archive', root);
    quickCheckWhereThere(join(root, 'index.db'));
    const reader = wiring.reader(account);
    try {
      const status = reader.status();
      return [
        permissions,
        contents(status),
        ...lockCheck(wiring, account),
        runsCheck(wiring, account, status),
        ...holdCheck(account, status),
        ...failuresCheck(account, status),
        ...textCheck(wiring, account),
        ...room(wiring, status, server),
        ...growth(wiring, reader.history()),
      ];
    } finally {
      reader.close();
    }
  } catch (error) {
    return [broken('archive', error)];
  }
}

function quickCheckWhereThere(file: string): void {
  if (existsSync(file)) quickCheck(file);
}

function contents({ messages, bytes, removed }: ArchiveStatus): HealthCheck {
  const text = `the index is sound: ${messages.toLocaleString('en')} messages, ${removed.toLocaleString('en')} under removed/`;
  return fine('index', text, { messages, bytes, removed });
}

function lockCheck(wiring: Wiring, account: AccountConfig): HealthCheck[] {
  const holder = wiring.activity(account);
  if (holder === null) return [];
  const text = `mailkeep ${printable(holder.command)} is at work since ${holder.since} (pid ${holder.pid})`;
  return [fine('lock', text, { ...holder })];
}

/** A clock that is so far behind the last run was put back since. */
const CLOCK_SLACK_MS = 300_000;

function runsCheck(wiring: Wiring, account: AccountConfig, status: ArchiveStatus): HealthCheck {
  const { lastReport, lastSuccessAt } = status;
  const sync = `mailkeep sync ${account.name}`;
  if (lastReport === null) return doubtful('runs', 'no run has come to its end yet', sync);
  const facts = {
    last_status: lastReport.status,
    last_started_at: new Date(lastReport.startedAt).toISOString(),
    last_success_at: lastSuccessAt === null ? null : new Date(lastSuccessAt).toISOString(),
  };
  if (lastReport.startedAt > wiring.now + CLOCK_SLACK_MS) {
    const text = `the last run began ${facts.last_started_at}, which is still to come`;
    return doubtful('clock', text, 'set the clock of this machine (timedatectl)', facts);
  }
  const context = {
    account: account.name,
    now: wiring.now,
    staleAfterMs: account.staleAfterMs,
    nextRunAt: null,
    activity: null,
  };
  if (isStale(status, context)) {
    const since = facts.last_success_at ?? 'ever';
    const hint = `does the daemon run? ${sync} says what is in the way`;
    return doubtful('runs', `no complete run since ${since}`, hint, facts);
  }
  if (lastReport.status !== 'ok') {
    const reason = lastReport.error?.message ?? `${lastReport.failed} messages did not make it`;
    return doubtful(
      'runs',
      `the last run was ${lastReport.status}: ${reason}`,
      lastReport.error?.hint ?? sync,
      facts,
    );
  }
  return fine('runs', `the last run, ${facts.last_started_at}, was complete`, facts);
}

function holdCheck(account: AccountConfig, { hold }: ArchiveStatus): HealthCheck[] {
  if (hold === null) return [];
  const hint = `if that was meant: mailkeep accept ${account.name}; nothing is moved or deleted until then`;
  return [doubtful('hold', `on hold: ${hold}`, hint)];
}

function failuresCheck(account: AccountConfig, { failures }: ArchiveStatus): HealthCheck[] {
  if (failures.length === 0) return [];
  const text = `${failures.length.toLocaleString('en')} messages could not be stored yet`;
  const hint = `mailkeep status ${account.name} names them; they are tried again by themselves`;
  return [doubtful('failures', text, hint, { failures: failures.length })];
}

function textCheck(wiring: Wiring, account: AccountConfig): HealthCheck[] {
  const text = unindexedOf(wiring, account);
  if (text === null || text.waiting === 0) return [];
  const waiting = `the text of ${text.waiting.toLocaleString('en')} messages is not indexed; the next search does it`;
  return [fine('search', waiting, { waiting: text.waiting, unreadable: text.broken })];
}

function room(wiring: Wiring, status: ArchiveStatus | null, server: ExaminedServer | null): HealthCheck[] {
  if (server === null) return [];
  try {
    return [judgeRoom(expected(status, server), diskOf(wiring.config.dataDir))];
  } catch (error) {
    return [doubtful('room', `the disk does not tell: ${describeError(error)}`, 'look with df -h and df -i')];
  }
}

function expected(status: ArchiveStatus | null, { mailboxes }: ExaminedServer): Expected {
  const chosen = mailboxes.filter(({ verdict }) => verdict.selected);
  const stored = new Map(status?.mailboxes.map((mailbox) => [mailbox.path, mailbox.stored]));
  const average =
    status === null || status.messages === 0 ? USUAL_BYTES : Math.ceil(status.bytes / status.messages);
  let messages = 0;
  let bytes = 0;
  for (const mailbox of chosen) {
    const missing = Math.max(0, (mailbox.messages ?? 0) - (stored.get(mailbox.path) ?? 0));
    messages += missing;
    const each = mailbox.bytes === null || !mailbox.messages ? average : mailbox.bytes / mailbox.messages;
    bytes += Math.round(missing * each);
  }
  return { messages, bytes };
}

const GROWTH_MS = 30 * 86_400_000;

/** The first run brought all that had gathered before, so it tells nothing of the pace. */
function growth(wiring: Wiring, history: readonly RunRow[]): HealthCheck[] {
  const first = history.at(-1);
  if (first === undefined) return [];
  const since = Math.max(wiring.now - GROWTH_MS, first.startedAt);
  const runs = history.filter((run) => run.startedAt > since);
  const pace: Growth = {
    spanMs: wiring.now - since,
    bytes: runs.reduce((sum, run) => sum + run.bytesDownloaded, 0),
    messages: runs.reduce((sum, run) => sum + run.added, 0),
  };
  const judged = judgeGrowth(pace, diskOf(wiring.config.dataDir));
  return judged === null ? [] : [judged];
}
