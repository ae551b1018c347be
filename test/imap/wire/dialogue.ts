import {
  type BodySection,
  type FetchBodiesOptions,
  fetchBodies,
} from '../../../src/imap/wire/commands/fetch-bodies.js';
import type { WireSession } from '../../../src/imap/wire/session.js';
import { UidSet } from '../../../src/imap/wire/uid-set.js';
import { type Exchange, MemorySink } from './scripted-server.js';

export interface Dialogue {
  readonly name: string;
  readonly exchanges: readonly Exchange[];
  /** Gives its commands all at once where it can, so that a damaged answer holds nothing up. */
  readonly run: (session: WireSession) => Promise<unknown>;
  /** Compared with `plain(result)`. */
  readonly expected: unknown;
}

/** A result as plain data: sets as text, bigints as `5n`. */
export function plain(value: unknown): unknown {
  if (value instanceof UidSet) return value.toString();
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, entry]) => [key, plain(entry)]));
  if (value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return value;
}

/** Opens INBOX; the exchange and the promise that goes with it. */
export const OPEN_INBOX: Exchange = {
  client: 'tg1 EXAMINE "INBOX"',
  server: '* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\ntg1 OK [READ-ONLY] done\r\n',
};

/** Bodies by UID, and the result. */
export async function collectBodies(
  session: WireSession,
  uids: UidSet,
  section: BodySection = '',
  options: FetchBodiesOptions = {},
): Promise<{ bodies: Record<string, string>; starts: unknown[]; rows: unknown[]; result: unknown }> {
  const bodies: Record<string, string> = {};
  const starts: unknown[] = [];
  const rows: unknown[] = [];
  const result = await fetchBodies(
    session,
    uids,
    section,
    {
      begin: (start) => {
        starts.push(start);
        const sink = new MemorySink();
        const end = sink.end.bind(sink);
        sink.end = (row, doubts) => {
          end(row, doubts);
          bodies[`${row.uid}`] = doubts.length > 0 ? `${sink.text} (${doubts})` : sink.text;
        };
        return sink;
      },
      row: (row) => rows.push({ uid: row.uid, flags: row.flags }),
    },
    options,
  );
  return { bodies, starts, rows, result };
}
