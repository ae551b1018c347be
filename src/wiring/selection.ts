/** Which messages of an archive a restore or an export is about. */
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import { parseQuery } from '../core/query.js';
import type { RestoreSelection } from '../jobs/restore.js';
import {
  type SelectionRequest as MessageSelection,
  type SelectionPorts,
  selectMessages,
} from '../jobs/select-messages.js';
import type { ArchiveReader } from '../sqlite/archive-reader.js';
import { startOfLocalDay } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface SelectionRequest {
  readonly query: readonly string[];
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  /** The account as it was then. */
  readonly at?: Moment | null;
  readonly signal: AbortSignal;
}

/** Throws QueryError for a query that can't be read, before anything else is done; for `at` as ArchiveReader.runAt. */
export async function selectFrom(
  wiring: Wiring,
  account: AccountConfig,
  reader: ArchiveReader,
  request: SelectionRequest,
): Promise<RestoreSelection[]> {
  const { ports, selection } = await selectionOf(wiring, account, reader, request);
  return selectMessages(ports, selection);
}

/** The same as ports and request of the job, for those who read messages one by one. */
export async function selectionOf(
  wiring: Wiring,
  account: AccountConfig,
  reader: ArchiveReader,
  request: SelectionRequest,
): Promise<{ ports: SelectionPorts; selection: MessageSelection }> {
  const query = parseQuery(request.query, { now: wiring.now, startOfLocalDay });
  const at = request.at ? reader.runAt(request.at) : null;
  const { factsReader } = await import('../mime/facts.js');
  return {
    ports: {
      archive: {
        mailboxes: () => reader.mailboxes({ at }),
        placements: (mailbox, which) => reader.placements(mailbox, { ...which, at }),
      },
      store: wiring.store(account),
      facts: factsReader,
    },
    selection: {
      selects: (path) => wiring.selects(account, request.mailboxes, path),
      query,
      signal: request.signal,
    },
  };
}
