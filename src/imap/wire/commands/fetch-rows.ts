/**
 * UID FETCH of attributes, without bodies. Rows are passed on as they come: a server may split one message
 * over two rows, and may put in rows nobody asked for (`* 3 FETCH (FLAGS ...)`).
 */
import { OPEN } from '../bytes.js';
import { atomArgument } from '../command-text.js';
import type { FetchedBody, FetchRow } from '../fetch-row.js';
import type { StatusResponse } from '../response-code.js';
import type { WireSession } from '../session.js';
import { UidSet } from '../uid-set.js';
import type { ValueCursor } from '../value-cursor.js';
import type { Claim, CommandReceiver } from '../wire-command.js';
import { type CommandOptions, readUidSet, uidSetArgument } from './arguments.js';
import { AskedItems } from './asked-items.js';

export interface FetchRowsOptions extends CommandOptions {
  /** Only messages changed since (RFC 7162 3.1.4.1). */
  readonly changedSince?: bigint;
  /** With `changedSince`, after `enable(['QRESYNC'])`: also what was expunged since (RFC 7162 3.2.6). */
  readonly vanished?: boolean;
  /** Octets expected in the answer. */
  readonly weight?: number;
}

export interface FetchRowsResult {
  /** From VANISHED (EARLIER) and VANISHED. */
  readonly vanished: UidSet;
  /** `* n EXPUNGE` lines: sequence numbers, so all they say is that something went. */
  readonly expunged: number;
  /** Rows passed on, and rows that named no UID (or UID 0) and were not. */
  readonly rows: number;
  readonly rowsWithoutUid: number;
  readonly code: string | null;
  readonly text: string;
}

/** A row that can be attributed. */
export type IdentifiedRow = FetchRow & { readonly uid: number };

/** `items` are FETCH items such as `FLAGS`, `INTERNALDATE`; UID is always asked for. */
export function fetchRows(
  session: WireSession,
  uids: UidSet,
  items: readonly string[],
  onRow: (row: IdentifiedRow) => void,
  options: FetchRowsOptions = {},
): Promise<FetchRowsResult> {
  const receiver = new RowsReceiver(uids, new AskedItems(items), onRow);
  const list = ['UID', ...items.map(atomArgument)].join(' ');
  const since = options.changedSince;
  const modifiers =
    since === undefined ? '' : ` (CHANGEDSINCE ${since}${options.vanished ? ' VANISHED' : ''})`;
  return session.execute(
    {
      name: 'UID FETCH',
      parts: [`UID FETCH ${uidSetArgument(uids)} (${list})${modifiers}`],
      mailbox: 'needs',
      ...(options.weight === undefined ? {} : { weight: options.weight }),
      receiver,
      complete: (response) => receiver.result(response),
    },
    options,
  );
}

/** Collects VANISHED and EXPUNGE, which may come during any UID FETCH. */
export class ExpungeCollector {
  readonly vanished = new UidSet();
  expunged = 0;

  /** True where the response was one of the two. */
  untagged(name: string, cursor: ValueCursor): boolean {
    if (name === 'EXPUNGE') this.expunged += 1;
    else if (name === 'VANISHED') {
      if (cursor.byte === OPEN) cursor.skip();
      this.vanished.addAll(readUidSet(cursor));
    } else return false;
    return true;
  }
}

class RowsReceiver implements CommandReceiver {
  readonly #requested: UidSet;
  readonly #asked: AskedItems;
  readonly #onRow: (row: IdentifiedRow) => void;
  readonly #expunges = new ExpungeCollector();
  readonly #answered = new UidSet();
  #rows = 0;
  #withoutUid = 0;

  constructor(requested: UidSet, asked: AskedItems, onRow: (row: IdentifiedRow) => void) {
    this.#requested = requested;
    this.#asked = asked;
    this.#onRow = onRow;
  }

  claimsRow(row: FetchRow, body: FetchedBody | null): Claim {
    if (body !== null || row.uid === null || !this.#requested.has(row.uid)) return null;
    return this.#asked.allIn(row) && !this.#answered.has(row.uid) ? 'answer' : 'repeat';
  }

  row(row: FetchRow): void {
    if (row.uid === null) {
      this.#withoutUid += 1;
      return;
    }
    this.#rows += 1;
    if (this.#asked.allIn(row)) this.#answered.add(row.uid);
    this.#onRow(row as IdentifiedRow);
  }

  untagged(name: string, _number: number | null, cursor: ValueCursor): void {
    this.#expunges.untagged(name, cursor);
  }

  result(response: StatusResponse): FetchRowsResult {
    return {
      vanished: this.#expunges.vanished,
      expunged: this.#expunges.expunged,
      rows: this.#rows,
      rowsWithoutUid: this.#withoutUid,
      code: response.code,
      text: response.text,
    };
  }
}
