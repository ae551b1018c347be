/**
 * What a session is made of and what it runs: the streams and limits it is given, and the shape of a
 * command.
 */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { BodyTarget } from './body-sink.js';
import type { CommandPart } from './command-text.js';
import type { LiteralMode } from './command-writer.js';
import type { FetchedBody, FetchRow } from './fetch-row.js';
import type { StatusResponse } from './response-code.js';
import type { ValueCursor } from './value-cursor.js';

/** What imapflow's `unbind()` returns. The session destroys all of them when it ends. */
export interface WireStreams {
  readonly readSocket: Readable;
  readonly writeSocket: Writable;
  readonly socket?: Duplex;
}

export interface WireOptions {
  /** Commands in flight at once; 1 is lock-step. Default 256. */
  readonly maxDepth?: number;
  /** Sum of the weights (octets expected) in flight; one command always may. Default 64 MB. */
  readonly window?: number;
  /** Milliseconds without a byte from the server while it owes an answer; ten times that with next to none. Default 120,000. */
  readonly silence?: number;
  /** From CAPABILITY: LITERAL+ is 'plus', LITERAL- is 'minus' (RFC 7888). Default 'none'. */
  readonly literals?: LiteralMode;
  /** Octets of one message body. Default 4 GiB. */
  readonly maxBody?: number;
  /** Octets of a line: a SEARCH or VANISHED answer can be long. Default 32 MiB. */
  readonly maxLine?: number;
  /** Octets of all lines between two tagged answers. Default 2 GiB. */
  readonly maxLines?: number;
  /** Octets of a literal that is no body. Default 64 KiB. */
  readonly maxLiteral?: number;
  /** Two to ten lower-case letters and digits, a letter first. Default: random, so that no message can hold it. */
  readonly tagPrefix?: string;
  /** Hears untagged data that no command takes, as NOTIFY (RFC 5465) has it sent. What it throws ends the session. */
  readonly onUnsolicited?: (name: string, cursor: ValueCursor) => void;
}

/** A command to run: its text, and what becomes of the answers. The builders in `commands/` make these. */
export interface WireCommand<T> {
  /** For error messages and reports, as in `UID FETCH`. */
  readonly name: string;
  readonly parts: readonly CommandPart[];
  /** Octets expected in the answer, counted against the window. */
  readonly weight?: number;
  /** `selects`: the mailbox it opens (raw name); `needs`: runs in the mailbox opened last. */
  readonly mailbox?: { readonly selects: string } | 'needs' | 'leaves';
  /**
   * Commands with the same word here are never in flight together in one mailbox, since their answers could
   * not be told apart (RFC 9051 section 5.5).
   */
  readonly exclusive?: string;
  /** LOGOUT: BYE and the end of the connection are its success. */
  readonly endsSession?: boolean;
  readonly receiver: CommandReceiver;
  /** The result, made when the server said OK. */
  complete(response: StatusResponse): T;
}

/** `answer`: this is what was asked for. `repeat`: it is about what was asked for, but that was answered. */
export type Claim = 'answer' | 'repeat' | null;

/**
 * What a command does with untagged data. Anything it throws ends the session: a WireError for all
 * commands, anything else for this one (the others learn it as the cause).
 */
export interface CommandReceiver {
  /**
   * Whether this row, or other untagged response, answers what the command asked. Asked only where several
   * commands could be meant; see `CommandQueue.addressee`.
   */
  claimsRow?(row: FetchRow, body: FetchedBody | null): Claim;
  /** `cursor` may be moved. */
  claimsUntagged?(name: string, cursor: ValueCursor, tag: string): Claim;
  status?(response: StatusResponse): void;
  untagged?(name: string, number: number | null, cursor: ValueCursor, tag: string): void;
  row?(row: FetchRow, body: FetchedBody | null, uidWasZero: boolean): void;
  beginBody?(row: FetchRow, body: FetchedBody, uidWasZero: boolean): BodyTarget | null;
  /** The session is over; called at most once, before the command's promise is rejected. */
  abort?(reason: Error): void;
}
