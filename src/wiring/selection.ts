/** Which messages of an archive a restore or an export is about. */
import type { AccountConfig } from '../config/config.js';
import { parseQuery } from '../core/query.js';
import type { RestoreSelection } from '../jobs/restore.js';
import { selectMessages } from '../jobs/select-messages.js';
import type { ArchiveReader } from '../sqlite/archive-reader.js';
import { startOfLocalDay } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface SelectionRequest {
  readonly query: readonly string[];
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  readonly signal: AbortSignal;
}

/** Throws QueryError for a query that can't be read, before anything else is done. */
export async function selectFrom(
  wiring: Wiring,
  account: AccountConfig,
  reader: ArchiveReader,
  request: SelectionRequest,
): Promise<RestoreSelection[]> {
  const query = parseQuery(request.query, { now: wiring.now, startOfLocalDay });
  const { factsReader } = await import('../mime/facts.js');
  return selectMessages(
    { archive: reader, store: wiring.store(account), facts: factsReader },
    {
      selects: (path) => wiring.selects(account, request.mailboxes, path),
      query,
      signal: request.signal,
    },
  );
}
