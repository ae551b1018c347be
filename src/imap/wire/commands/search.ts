/**
 * UID SEARCH, answered by SEARCH or ESEARCH (RFC 4731, 9051). An empty set is reported together with whether
 * the server answered at all: broken ESEARCH (Strato, some Exchange tenants) looks like an empty mailbox.
 */
import { CLOSE, MAX_NUMBER_32, OPEN } from '../bytes.js';
import { atomArgument, type CommandPart } from '../command-text.js';
import type { WireSession } from '../session.js';
import { UidSet } from '../uid-set.js';
import type { ValueCursor } from '../value-cursor.js';
import { type CommandOptions, readUidSet } from './arguments.js';

export interface SearchOptions extends CommandOptions {
  /** RETURN items such as `ALL`, `COUNT`: only where ESEARCH is announced. */
  readonly returns?: readonly string[];
}

export interface SearchResult {
  readonly uids: UidSet;
  /** True where a SEARCH or ESEARCH line came; only then does an empty set say anything. */
  readonly answered: boolean;
  /** ESEARCH COUNT, null where it was not given. */
  readonly count: number | null;
  /** The highest mod-sequence among the results (RFC 7162 3.1.5), null where it was not given. */
  readonly modseq: bigint | null;
}

/** `criteria` is the search program, e.g. `['ALL']`, or `['HEADER Message-ID ', stringArgument(id)]`. */
export function search(
  session: WireSession,
  criteria: readonly CommandPart[],
  options: SearchOptions = {},
): Promise<SearchResult> {
  const returns =
    options.returns === undefined ? '' : `RETURN (${options.returns.map(atomArgument).join(' ')}) `;
  const found = new UidSet();
  let answered = false;
  let count: number | null = null;
  let modseq: bigint | null = null;
  return session.execute(
    {
      name: 'UID SEARCH',
      parts: [`UID SEARCH ${returns}`, ...criteria],
      mailbox: 'needs',
      exclusive: 'SEARCH',
      receiver: {
        claimsUntagged: (name) => (name === 'SEARCH' || name === 'ESEARCH' ? 'answer' : null),
        untagged(name, _number, cursor, tag) {
          if (name === 'SEARCH') {
            answered = true;
            modseq = readPlain(cursor, found) ?? modseq;
          } else if (name === 'ESEARCH' && isFor(tag, cursor)) {
            answered = true;
            const extended = readExtended(cursor, found);
            count = extended.count ?? count;
            modseq = extended.modseq ?? modseq;
          }
        },
      },
      complete: () => ({ uids: found, answered, count, modseq }),
    },
    options,
  );
}

/** `SEARCH 1 2 3 (MODSEQ 9)`: adds the UIDs, returns the mod-sequence. */
function readPlain(cursor: ValueCursor, found: UidSet): bigint | null {
  while (!cursor.done) {
    if (cursor.take(OPEN)) {
      if (!cursor.takeWord('modseq')) throw cursor.violation('MODSEQ expected');
      const modseq = cursor.bigNumber();
      cursor.expect(CLOSE, 'a closing parenthesis');
      return modseq;
    }
    const uid = cursor.number();
    if (uid > MAX_NUMBER_32) throw cursor.violation('a UID out of range');
    // Leniency "UID 0": no UID, as in a FETCH row; the count tells that a message is missing.
    if (uid > 0) found.add(uid);
  }
  return null;
}

/** Steps over `(TAG "...")`; false where it names another command. */
function isFor(tag: string, cursor: ValueCursor): boolean {
  if (!cursor.take(OPEN)) return true;
  if (!cursor.takeWord('tag')) throw cursor.violation('TAG expected');
  const correlated = cursor.string();
  cursor.expect(CLOSE, 'a closing parenthesis');
  return correlated === tag;
}

function readExtended(cursor: ValueCursor, found: UidSet): { count: number | null; modseq: bigint | null } {
  let count: number | null = null;
  let modseq: bigint | null = null;
  cursor.takeWord('uid');
  while (!cursor.done) {
    if (cursor.takeWord('all')) found.addAll(readUidSet(cursor));
    else if (cursor.takeWord('count')) count = cursor.number();
    else if (cursor.takeWord('modseq')) modseq = cursor.bigNumber();
    else {
      cursor.atom();
      cursor.skip();
    }
  }
  return { count, modseq };
}
