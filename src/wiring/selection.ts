/** Which messages of an archive a restore or an export is about. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import type { Moment } from '../core/moment.js';
import type { KnownContents } from '../core/ports/search.js';
import { parseQuery, type Query } from '../core/query/query.js';
import { needsContent } from '../core/query/query-match.js';
import type { RestoreSelection } from '../jobs/restore.js';
import { type AbsentSelection, selectAbsent } from '../jobs/select-absent.js';
import {
  type SelectionRequest as MessageSelection,
  type SelectionPorts,
  selectMessages,
} from '../jobs/select-messages.js';
import type { ArchiveReader } from '../sqlite/archive-reader.js';
import type { SearchReader } from '../sqlite/search-reader.js';
import { openSearchReader } from './open-search.js';
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
  const { ports, selection, close } = await selectionOf(wiring, account, reader, request);
  try {
    return { selections: await selectMessages(ports, selection), absent: selectAbsent(ports, selection) };
  } finally {
    close();
  }
}

/** The same as ports and request of the job, for those who read messages one by one and then close them. */
export async function selectionOf(
  wiring: Wiring,
  account: AccountConfig,
  reader: ArchiveReader,
  request: SelectionRequest,
): Promise<{ ports: SelectionPorts; selection: MessageSelection; close: () => void }> {
  const query = parseQuery(request.query, { now: wiring.now, startOfLocalDay });
  const at = request.at ? reader.runAt(request.at) : null;
  const { factsReader } = await import('../mime/facts.js');
  const { known, close } = knownContents(wiring, account, query);
  return {
    close,
    ports: {
      archive: {
        mailboxes: () => reader.mailboxes({ at }),
        placements: (mailbox, which) => reader.placements(mailbox, { ...which, at }),
        absent: (mailbox, which) => reader.absent(mailbox, { ...which, at }),
      },
      store: wiring.messages(account),
      facts: factsReader,
      known,
    },
    selection: {
      selects: (path) => wiring.selects(account, request.mailboxes, path),
      query,
      signal: request.signal,
    },
  };
}

/** Mail is given back also where search is damaged, of another version or not there: then the messages are read. */
function knownContents(
  wiring: Wiring,
  account: AccountConfig,
  query: Query,
): { known: KnownContents | null; close: () => void } {
  const none = { known: null, close: () => undefined };
  if (needsContent(query) === 'index' || !existsSync(join(wiring.root(account), 'search.db'))) return none;
  let search: SearchReader | null = null;
  try {
    search = openSearchReader(wiring, account);
    const opened = search;
    return { known: opened.contents(query), close: () => opened.close() };
  } catch {
    search?.close();
    return none;
  }
}

/** How many messages of the account as it was then are not in the archive any more. */
export function countAbsent(reader: ArchiveReader, at: number): number {
  return reader
    .mailboxes({ at })
    .reduce((count, mailbox) => count + reader.absent(mailbox, { removed: false, at }).length, 0);
}
