/** Finds mail in the archives of one or several accounts; what is not indexed yet is indexed first. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import { parseQuery, type Query } from '../core/query.js';
import type { FoundMessage, SortOrder } from '../core/search-ports.js';
import { type Snippet, snippetOf } from '../core/snippet.js';
import type { TextProgress } from '../jobs/index-texts.js';
import { SearchReader } from '../sqlite/search-reader.js';
import { ensureIndexed } from './index-text.js';
import { startOfLocalDay } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface FindRequest {
  readonly query: readonly string[];
  readonly sort: SortOrder;
  /** Most messages in the answer; Infinity for all. */
  readonly limit: number;
  /** As it was then; null for now. */
  readonly moment: Moment | null;
  readonly signal: AbortSignal;
  readonly onProgress?: (account: AccountConfig, progress: TextProgress) => void;
}

export interface Hit extends FoundMessage {
  readonly account: string;
  readonly snippet: Snippet;
}

/** Throws QueryError for a query that can't be read, before anything else is done. */
export async function findMessages(
  wiring: Wiring,
  accounts: readonly AccountConfig[],
  request: FindRequest,
): Promise<{ total: number; hits: Hit[] }> {
  const query = parseQuery(request.query, { now: wiring.now, startOfLocalDay });
  let total = 0;
  const hits: Hit[] = [];
  for (const account of accounts) {
    await ensureIndexed(wiring, account, {
      signal: request.signal,
      onProgress: (progress) => request.onProgress?.(account, progress),
    });
    const found = findIn(wiring, account, query, request);
    total += found.total;
    hits.push(...found.hits);
  }
  if (accounts.length > 1) hits.sort((a, b) => a.rank - b.rank || b.date - a.date);
  return { total, hits: hits.slice(0, request.limit) };
}

export function openSearchReader(wiring: Wiring, account: AccountConfig): SearchReader {
  const root = wiring.root(account);
  return SearchReader.open(join(root, 'search.db'), join(root, 'index.db'));
}

function findIn(
  wiring: Wiring,
  account: AccountConfig,
  query: Query,
  { sort, limit, moment }: FindRequest,
): { total: number; hits: Hit[] } {
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
    return { total: found.total, hits };
  } finally {
    reader.close();
    archive.close();
  }
}
