/**
 * Proves the archive: what the index says against what lies in the folders, and with `readData` every octet
 * against its hash. Only looks; nothing is repaired here. It may run beside a sync: what looks wrong is
 * looked at once more at the end, against the rows as they are then.
 */

import { ArchiveError, throwIfAborted } from '../core/errors.js';
import { MAX_KEYWORD_LETTERS } from '../core/mailbox/maildir-name.js';
import type { FolderInventory, ProofIndex } from '../core/ports/proof.js';
import { TREES } from '../core/ports/store.js';
import type { DataShare } from '../core/proof/check-share.js';
import { type Finding, headOf, isDamage } from '../core/proof/findings.js';
import { stillThere } from './check-again.js';
import { DataReader } from './check-data.js';
import { FileComparison } from './check-files.js';
import type { SyncProgress } from './sync-context.js';

export interface CheckReport {
  readonly account: string;
  readonly files: number;
  readonly bytes: number;
  readonly readData: boolean;
  /** The share of the content that was read; null for all of it or none. */
  readonly share: DataShare | null;
  readonly findings: readonly Finding[];
  /** The findings by what they mean. */
  readonly missing: readonly Finding[];
  readonly corrupt: readonly Finding[];
  readonly unindexed: readonly Finding[];
  readonly index: readonly Finding[];
  readonly untidy: readonly Finding[];
  /** Lost for good, as a person knows. */
  readonly lost: readonly Finding[];
}

export interface CheckOptions {
  readonly account: string;
  readonly readData: boolean;
  readonly share?: DataShare | null;
  /** What was wrong with the index's log before it was opened, in words. */
  readonly tornLog?: string | null;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

/** One step of a check; each adds its findings. */
type Step = (check: Check) => void | Promise<void>;

const STEPS: readonly Step[] = [askSqlite, compareFiles, readAwaited, compareKeywords, lookAgain];

export async function checkArchive(
  index: ProofIndex,
  folders: FolderInventory,
  options: CheckOptions,
): Promise<CheckReport> {
  const check: Check = { index, folders, options, findings: [], files: 0, bytes: 0 };
  try {
    for (const step of STEPS) {
      throwIfAborted(options.signal);
      await step(check);
    }
  } catch (error) {
    // With a damaged index the comparison ends where the damage is met; that it is damaged has been said.
    if (!isIndexError(error) || !check.findings.some(({ kind }) => kind === 'database')) throw error;
  }
  return report(check);
}

export function isDamaged(report: Pick<CheckReport, 'findings'>): boolean {
  return report.findings.some(isDamage);
}

interface Check {
  readonly index: ProofIndex;
  readonly folders: FolderInventory;
  readonly options: CheckOptions;
  findings: Finding[];
  files: number;
  bytes: number;
}

function askSqlite({ index, options, findings }: Check): void {
  const entry = (kind: 'database' | 'log', file: string, reason: string) =>
    findings.push({ kind, mailbox: '', file, uid: null, reason });
  if (options.tornLog != null) entry('log', 'index.db-wal', options.tornLog);
  for (const error of index.integrity()) entry('database', 'index.db', error);
}

async function compareFiles(check: Check): Promise<void> {
  const { index, folders, options } = check;
  const totals = index.totals();
  const reader = new DataReader(folders, {
    read: options.readData,
    share: options.share ?? null,
    onRead: (mailbox, files, bytes) =>
      options.onProgress?.({
        mailbox,
        messages: files,
        messagesTotal: totals.files,
        bytes,
        bytesTotal: totals.bytes,
      }),
  });
  const comparison = new FileComparison(index, folders, reader, options.signal);
  await comparison.run();
  // One by one: as arguments of one call, hundreds of thousands would be too many.
  for (const findings of [comparison.findings, await reader.end()])
    for (const finding of findings) check.findings.push(finding);
  check.files = comparison.files;
  check.bytes = comparison.bytes;
}

/** What was set aside or gone earlier stays on the list until the same octets are back. */
function readAwaited({ index, findings }: Check): void {
  for (const { path, folder, uid, state, sha256, accepted } of index.awaited()) {
    if (state === 'back') continue;
    findings.push({
      kind: accepted ? 'accepted' : 'awaited',
      mailbox: path,
      file: `mail/${folder}`,
      uid,
      reason: `${AWAITED[state]} (SHA-256 ${sha256})`,
    });
  }
}

const AWAITED = {
  waiting: 'its file was damaged or gone; it will be fetched again',
  changed: 'its file was damaged or gone, and for the same UID the server has sent other octets since',
  left: 'its file was damaged or gone, and it left the server before it was fetched again',
} as const;

/** A keyword keeps its letter for good: what the index says is the beginning of what the folder says, or longer. */
function compareKeywords({ index, folders, findings }: Check): void {
  if (index.movingFolder() !== null) return;
  for (const mailbox of index.mailboxes()) {
    const wanted = index.keywords(mailbox.id).slice(0, MAX_KEYWORD_LETTERS);
    for (const tree of TREES) {
      if (folders.folderMode(tree, mailbox.folder) === null) continue;
      const found = folders.keywords(tree, mailbox.folder);
      // removed/ gets new letters with the next message that goes there.
      const length = tree === 'mail' ? wanted.length : Math.min(wanted.length, found.length);
      if (wanted.slice(0, length).every((keyword, at) => found[at] === keyword)) continue;
      findings.push({
        kind: 'keywords',
        mailbox: mailbox.path,
        file: `${tree}/${mailbox.folder}/dovecot-keywords`,
        uid: null,
        reason: 'the letters of keywords are not those of the index',
      });
    }
  }
}

function lookAgain(check: Check): void {
  check.findings = check.findings.flatMap((finding) => stillThere(check.index, check.folders, finding));
}

function report({ options, findings, files, bytes }: Check): CheckReport {
  const under = (head: ReturnType<typeof headOf>) => findings.filter((finding) => headOf(finding) === head);
  return {
    account: options.account,
    files,
    bytes,
    readData: options.readData,
    share: options.share ?? null,
    findings,
    missing: under('missing'),
    corrupt: under('corrupt'),
    unindexed: under('unindexed'),
    index: under('index'),
    untidy: under('untidy'),
    lost: under('lost'),
  };
}

function isIndexError(error: unknown): boolean {
  return error instanceof ArchiveError && error.code === 'index';
}
