/** Makes one account's mail searchable: headers first, then text. Beside any other command, without its lock. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { throwIfAborted } from '../core/errors.js';
import type { Unindexed } from '../core/ports/search.js';
import { enterHeaders } from '../jobs/enter-headers.js';
import { indexTexts, type TextProgress } from '../jobs/index-texts.js';
import { MaildirReader } from '../maildir/reader.js';
import type { SearchIndex } from '../sqlite/search-index.js';
import type { GivingWay } from './give-way.js';
import { openSearch, searchIndexOf } from './open-search.js';
import { TEXT_LIMITS, type TextLimits, TextPool } from './text-pool.js';
import type { Wiring } from './wiring.js';

/** Reading is work for processors; the main thread writes what they have read. */
const THREADS = 2;

export interface IndexingRequest {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: IndexingProgress) => void;
}

/** Every message is counted twice over: first its header is entered, then its text. */
export interface IndexingProgress extends TextProgress {
  readonly step: 'headers' | 'text';
}

export interface IndexingReport extends Unindexed {
  /** Messages read by this call. */
  readonly read: number;
}

/**
 * May be called at any time, also while a sync runs, and be stopped by the signal at any time; the next call
 * goes on. Throws ArchiveError `no_archive` where nothing was backed up yet.
 */
export async function runIndexing(
  wiring: Wiring,
  account: AccountConfig,
  request: IndexingRequest,
): Promise<IndexingReport> {
  openSearch(wiring, account).close();
  return indexArchive(wiring.root(account), request);
}

/** What indexing behind other work has besides. */
export interface PatientIndexing extends IndexingRequest {
  readonly limits?: TextLimits;
  readonly givingWay?: GivingWay;
}

/** As runIndexing, for an archive of the present schema. */
export async function indexArchive(root: string, request: PatientIndexing): Promise<IndexingReport> {
  const { signal, onProgress, limits = TEXT_LIMITS, givingWay } = request;
  const search = searchIndexOf(root);
  const messages = new MaildirReader(root);
  const pool = new TextPool({
    width: THREADS,
    limits,
    signal,
    givesWay: givingWay !== undefined,
    fileOf: ({ place }) => (place === null ? null : messages.find(place)),
  });
  try {
    search.reconcile();
    await catchUp(root, search, request);
    const read = await indexTexts(
      { search, reader: pool },
      { signal, onProgress: (progress) => onProgress?.({ ...progress, step: 'text' }) },
    );
    return { read, ...search.unindexed() };
  } finally {
    await pool.close();
    search.close();
  }
}

/** What was pruned is not kept for search either. */
export function forgetPruned(wiring: Wiring, account: AccountConfig): void {
  const file = join(wiring.root(account), 'search.db');
  if (!existsSync(file)) return;
  const search = openSearch(wiring, account);
  try {
    search.reconcile();
  } finally {
    search.close();
  }
}

/** Headers that a run enters itself: some hundredths of a second. The rest is left to the daemon or the next search. */
const MOST_IN_A_RUN = 250;

/** Behind a run that stored mail: what it brought is found by its header. */
export async function enterFreshHeaders(
  wiring: Wiring,
  account: AccountConfig,
  signal: AbortSignal,
): Promise<void> {
  const search = openSearch(wiring, account);
  try {
    // What was lost or pruned may have come back.
    if (search.hasLost()) search.reconcile();
    await catchUp(wiring.root(account), search, { signal, most: MOST_IN_A_RUN });
  } finally {
    search.close();
  }
}

/** Enters the headers that runs have left. */
export async function catchUp(
  root: string,
  search: SearchIndex,
  request: PatientIndexing & { readonly most?: number },
): Promise<void> {
  if (!search.isBehind()) return;
  const { signal, most, onProgress, givingWay } = request;
  const messages = new MaildirReader(root);
  const { factsReader } = await import('../mime/facts.js');
  await enterHeaders(
    { search, header: (place, octets) => messages.header(place, octets), facts: factsReader },
    {
      signal,
      ...(most === undefined ? {} : { most }),
      onProgress: (progress) => onProgress?.({ ...progress, step: 'headers' }),
      between: async () => givingWay?.pause(),
    },
  );
}

/** What search does not find by its text; null where the search index can't be used. */
export function unindexedOf(wiring: Wiring, account: AccountConfig): Unindexed | null {
  try {
    const search = openSearch(wiring, account);
    try {
      return search.unindexed();
    } finally {
      search.close();
    }
  } catch {
    // A status is no place to fail over what the next search reports.
    return null;
  }
}

/** Indexes if there is anything to index; quick if there is not. Throws InterruptedError if it was stopped. */
export async function ensureIndexed(
  wiring: Wiring,
  account: AccountConfig,
  request: IndexingRequest,
): Promise<void> {
  const search = openSearch(wiring, account);
  let isComplete: boolean;
  try {
    await catchUp(wiring.root(account), search, request);
    isComplete = search.unreadTexts(0, 1).length === 0;
  } finally {
    search.close();
  }
  if (!isComplete) await runIndexing(wiring, account, request);
  throwIfAborted(request.signal);
}
