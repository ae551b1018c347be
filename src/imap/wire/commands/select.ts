/**
 * SELECT and EXAMINE, with CONDSTORE and QRESYNC (RFC 7162). When another mailbox was open, what arrives
 * before `[CLOSED]` is about that one and is dropped.
 */
import { latin1, OPEN } from '../bytes.js';
import { type CommandPart, stringArgument } from '../command-text.js';
import { ProtocolViolationError } from '../errors.js';
import type { FetchRow } from '../fetch-row.js';
import type { StatusResponse } from '../response-code.js';
import type { WireSession } from '../session.js';
import { UidSet } from '../uid-set.js';
import type { ValueCursor } from '../value-cursor.js';
import type { CommandReceiver } from '../wire-command.js';
import {
  assertPlausible,
  type CommandOptions,
  codeCursor,
  flagList,
  modseqOrNull,
  objectId,
  readUidSet,
  uidOrNull,
  wholeNumber,
} from './arguments.js';

export interface SelectOptions extends CommandOptions {
  /** Ask for HIGHESTMODSEQ (RFC 7162 3.1.8); not with `qresync`, which implies it. */
  readonly condstore?: boolean;
  /** Only after `enable(['QRESYNC'])`. `knownUids` must be short enough for one command. */
  readonly qresync?: { readonly uidValidity: bigint; readonly modseq: bigint; readonly knownUids?: UidSet };
  /** Rows that QRESYNC sends for changed messages; only rows with a UID are passed on. */
  readonly onRow?: (row: FetchRow & { readonly uid: number }) => void;
  /** Octets expected in the answer. */
  readonly weight?: number;
}

export interface SelectedMailbox {
  readonly exists: number;
  /** Null where missing or 0 (seen on outlook.com): UIDs then mean nothing beyond this session. */
  readonly uidValidity: bigint | null;
  /** Null where missing (Courier), 0 or no UID: ask with `status`. */
  readonly uidNext: number | null;
  /** Null where missing, 0 or beyond 63 bits. Means something only where the server announces CONDSTORE (Yahoo lies). */
  readonly highestModseq: bigint | null;
  readonly noModseq: boolean;
  /** RFC 8474 MAILBOXID, null where missing or malformed. */
  readonly mailboxId: string | null;
  readonly flags: readonly string[];
  /** Null where the server did not say: then all flags can be stored. */
  readonly permanentFlags: readonly string[] | null;
  readonly readOnly: boolean;
  /** From VANISHED (EARLIER) and VANISHED. */
  readonly vanished: UidSet;
  /** The response codes seen, in upper case: some servers only hint (`UIDNOTSTICKY`). */
  readonly codes: readonly string[];
}

export function examine(
  session: WireSession,
  name: string,
  options: SelectOptions = {},
): Promise<SelectedMailbox> {
  return open(session, 'EXAMINE', name, options);
}

export function select(
  session: WireSession,
  name: string,
  options: SelectOptions = {},
): Promise<SelectedMailbox> {
  return open(session, 'SELECT', name, options);
}

function open(
  session: WireSession,
  verb: 'SELECT' | 'EXAMINE',
  name: string,
  options: SelectOptions,
): Promise<SelectedMailbox> {
  const receiver = new SelectReceiver(session, options);
  return session.execute(
    {
      name: verb,
      parts: [`${verb} `, stringArgument(name), ...parameters(options)],
      mailbox: { selects: name },
      ...(options.weight === undefined ? {} : { weight: options.weight }),
      receiver,
      complete: (response) => receiver.result(response, verb),
    },
    options,
  );
}

function parameters({ condstore, qresync }: SelectOptions): CommandPart[] {
  if (qresync !== undefined) {
    const known = qresync.knownUids === undefined || qresync.knownUids.isEmpty ? '' : ` ${qresync.knownUids}`;
    return [` (QRESYNC (${qresync.uidValidity} ${qresync.modseq}${known}))`];
  }
  return condstore ? [' (CONDSTORE)'] : [];
}

class SelectReceiver implements CommandReceiver {
  readonly #session: WireSession;
  readonly #options: SelectOptions;
  /** Whether what arrives is about this mailbox; null until it is known. */
  #ours: boolean | null = null;
  #exists: number | null = null;
  #uidValidity: bigint | null = null;
  #uidNext: number | null = null;
  #highestModseq: bigint | null = null;
  #noModseq = false;
  #mailboxId: string | null = null;
  #flags: string[] = [];
  #permanentFlags: string[] | null = null;
  readonly #vanished = new UidSet();
  #codes: string[] = [];
  #rows = 0;

  constructor(session: WireSession, options: SelectOptions) {
    this.#session = session;
    this.#options = options;
  }

  status(response: StatusResponse): void {
    if (response.code === null || response.status !== 'OK') return;
    if (response.code === 'CLOSED') {
      this.#ours = true;
      this.#exists = null;
      return;
    }
    const cursor = codeCursor(response);
    this.#codes.push(response.code);
    switch (response.code) {
      case 'UIDVALIDITY':
        // Not every server says CLOSED (only QRESYNC demands it); the old mailbox's UIDVALIDITY is never sent.
        this.#ours = true;
        this.#uidValidity = orNull(BigInt(cursor.number()));
        break;
      case 'UIDNEXT':
        this.#uidNext = uidOrNull(cursor.number());
        break;
      case 'HIGHESTMODSEQ':
        this.#highestModseq = modseqOrNull(wholeNumber(response.codeArguments));
        break;
      case 'NOMODSEQ':
        this.#noModseq = true;
        break;
      case 'MAILBOXID':
        this.#mailboxId = objectId(response.codeArguments);
        break;
      case 'PERMANENTFLAGS':
        this.#permanentFlags = flagList(response.codeArguments);
        break;
    }
  }

  untagged(name: string, number: number | null, cursor: ValueCursor): void {
    if (name === 'EXISTS') this.#exists = number;
    else if (name === 'FLAGS') this.#flags = flagList(latin1(cursor.bytes, cursor.at, cursor.end));
    else if (name === 'VANISHED' && this.#isOurs()) {
      if (cursor.byte === OPEN) cursor.skip();
      this.#vanished.addAll(readUidSet(cursor));
    }
  }

  row(row: FetchRow): void {
    if (row.uid === null || !this.#isOurs()) return;
    this.#rows += 1;
    assertPlausible(this.#rows, this.#exists);
    this.#options.onRow?.(row as FetchRow & { uid: number });
  }

  result(response: StatusResponse, verb: string): SelectedMailbox {
    if (this.#exists === null) throw new ProtocolViolationError(`${verb} was answered without EXISTS`);
    return {
      exists: this.#exists,
      uidValidity: this.#uidValidity,
      uidNext: this.#uidNext,
      highestModseq: this.#highestModseq,
      noModseq: this.#noModseq || this.#highestModseq === null,
      mailboxId: this.#mailboxId,
      flags: this.#flags,
      permanentFlags: this.#permanentFlags,
      readOnly: verb === 'EXAMINE' || response.code === 'READ-ONLY',
      vanished: this.#vanished,
      codes: this.#codes,
    };
  }

  #isOurs(): boolean {
    this.#ours ??= !this.#session.mailboxOpen;
    return this.#ours;
  }
}

function orNull(value: bigint): bigint | null {
  return value === 0n ? null : value;
}
