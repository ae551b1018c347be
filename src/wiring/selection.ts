/** Which messages of an archive a restore or an export is about. */
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import { parseQuery } from '../core/query/query.js';
import type { RestoreSelection } from '../jobs/restore.js';
import { type AbsentSelection, selectAbsent } from '../jobs/select-absent.js';
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
): Promise<{ selections: RestoreSelection[]; absent: AbsentSelection }> {
  const { ports, selection } = await selectionOf(wiring, account, reader, request);
  return { selections: await selectMessages(ports, selection), absent: selectAbsent(ports, selection) };
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
        absent: (mailbox, which) => reader.absent(mailbox, { ...which, at }),
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

/** How many messages of the account as it was then are not in the archive any more. */
export function countAbsent(reader: ArchiveReader, at: number): number {
  return reader
    .mailboxes({ at })
    .reduce((count, mailbox) => count + reader.absent(mailbox, { removed: false, at }).length, 0);
}
