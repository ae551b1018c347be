/**
 * The rows of one query: which items a server of these capabilities is asked for, and which of its answers are the
 * query's own.
 */
import { RowCount } from './message-limit.js';
import type { RowQuery } from './reader.js';
import { fetchRows, type IdentifiedRow } from './wire/commands/fetch-rows.js';
import type { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';

const LAST_UID = 0xffff_ffff;
/** The capability behind X-GM-MSGID and X-GM-LABELS. */
const GMAIL = 'X-GM-EXT-1';

export type AddRow = (row: IdentifiedRow, details: boolean) => void;

export interface RowQueryOptions {
  readonly capabilities: ReadonlySet<string>;
  /** Most messages that the server answers for, see message-limit.ts. */
  readonly messageLimit: number | null;
  readonly signal: AbortSignal;
}

/** Asked of the mailbox that the session has opened or is opening. */
export function queryRows(
  session: WireSession,
  query: RowQuery,
  add: AddRow,
  { capabilities, messageLimit, signal }: RowQueryOptions,
): Promise<RowCount> {
  const last = query.last ?? LAST_UID;
  const details = query.details ? ['INTERNALDATE', 'RFC822.SIZE', ...identityOf(capabilities)] : [];
  const items = ['FLAGS', ...details, ...(capabilities.has(GMAIL) ? ['X-GM-LABELS'] : [])];
  const count = new RowCount(query, messageLimit);
  const onRow = (row: IdentifiedRow) => {
    // "n:*" always answers with the last message, even if its UID is below n.
    if (row.uid < query.first || row.uid > last) return;
    count.add(row.uid);
    add(row, query.details);
  };
  const since = query.changedSince === null ? {} : { changedSince: BigInt(query.changedSince) };
  const counted = fetchRows(session, UidSet.range(query.first, last), items, onRow, {
    signal,
    ...since,
  }).then(() => count);
  // What ends the EXAMINE before it is heard of first; until then it must not count as unhandled.
  counted.catch(() => undefined);
  return counted;
}

/** EMAILID (RFC 8474) or X-GM-MSGID: the server's own word for "the same content". */
function identityOf(capabilities: ReadonlySet<string>): string[] {
  if (capabilities.has('OBJECTID')) return ['EMAILID'];
  return capabilities.has(GMAIL) ? ['X-GM-MSGID'] : [];
}
