/** Finds mail in the archives of one or several accounts; what is not indexed yet is indexed first. */
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import type { FoundMessage, SortOrder } from '../core/ports/search.js';
import { parseQuery, type Query } from '../core/query/query.js';
import { type Snippet, snippetOf } from '../core/query/snippet.js';
import { ensureIndexed, type IndexingProgress } from './index-text.js';
import { openSearchReader } from './open-search.js';
import { countAbsent } from './selection.js';
import { startOfLocalDay } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface FindRequest {
  readonly query: Query;
  readonly sort: SortOrder;
  /** Most messages in the answer; Infinity for all. */
  readonly limit: number;
  /** As it was then; null for now. */
  readonly moment: Moment | null;
  readonly signal: AbortSignal;
  readonly onProgress?: (account: AccountConfig, progress: IndexingProgress) => void;
}

export interface Hit extends FoundMessage {
  readonly account: string;
  readonly snippet: Snippet;
}

export interface Found {
  readonly total: number;
  /** Messages of then that were pruned since or are lost, and can't be searched. */
  readonly absent: number;
  readonly hits: readonly Hit[];
}

/** Throws QueryError for a query that can't be read. */
export function readQuery(wiring: Wiring, words: readonly string[]): Query {
  return parseQuery(words, { now: wiring.now, startOfLocalDay });
}

/** In one account. Throws ArchiveError where there is no archive or it can't be read. */
export async function findMessages(
  wiring: Wiring,
  account: AccountConfig,
  request: FindRequest,
): Promise<Found> {
  await ensureIndexed(wiring, account, {
    signal: request.signal,
    onProgress: (progress) => request.onProgress?.(account, progress),
  });
  return findIn(wiring, account, request);
}

/** What several accounts have, in one order. */
export function mergeFound(found: readonly Found[], limit: number): Found {
  const total = found.reduce((sum, each) => sum + each.total, 0);
  const hits = found.flatMap((each) => each.hits);
  if (found.length > 1)
    hits.sort((a, b) => a.rank - b.rank || b.date - a.date || (a.sha256 < b.sha256 ? -1 : 1));
  const absent = found.reduce((sum, each) => sum + each.absent, 0);
  return { total, absent, hits: hits.slice(0, limit) };
}

function findIn(wiring: Wiring, account: AccountConfig, { query, sort, limit, moment }: FindRequest): Found {
  const archive = wiring.reader(account);
  const reader = openSearchReader(wiring, account);
  try {
    const at = moment === null ? null : archive.runAt(moment);
    const found = reader.search({
      query,
      sort,
      // SQLite takes a negative limit for none.
      limit: Number.isFinite(limit) ? limit : -1,
      mailboxes: archive.mailboxes({ at }),
      at,
    });
    const hits = found.messages.map((message) => ({
      ...message,
      account: account.name,
      snippet: snippetOf(reader.textOf(message.id), query),
    }));
    return { total: found.total, absent: at === null ? 0 : countAbsent(archive, at), hits };
  } finally {
    reader.close();
    archive.close();
  }
}
