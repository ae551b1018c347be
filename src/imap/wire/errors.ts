/**
 * What can go wrong on a connection, by how far the damage reaches: a refused command leaves the session
 * usable; every other error here means that the session is over. `uid` names the message whose row was
 * being read, so that a poison message can be told from an unlucky one.
 */
import type { StatusResponse } from './response-code.js';

/** The base of every error this folder throws on purpose. Matched by class, never by text. */
export abstract class WireError extends Error {
  /** The UID whose FETCH row was being read when it happened, if that was known. */
  readonly uid: number | null;

  constructor(message: string, uid: number | null, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.uid = uid;
  }
}

/** The connection ended: BYE, a socket error, end of stream, an abort, or a sink that failed. */
export class ConnectionLostError extends WireError {
  /** The server's own words, where it said BYE first (printable ASCII, at most 500 characters). */
  readonly bye: string | null;

  constructor(why: string, details: { bye?: string | null; uid?: number | null; cause?: unknown } = {}) {
    const bye = details.bye ?? null;
    super(
      bye === null ? why : `${why}: ${bye}`,
      details.uid ?? null,
      details.cause === undefined ? {} : { cause: details.cause },
    );
    this.bye = bye;
  }
}

/** The server said something that IMAP does not allow here, so nothing after it can be trusted. */
export class ProtocolViolationError extends WireError {
  readonly what: string;
  /** The bytes near the place, at most 80, with all but printable ASCII shown as dots. */
  readonly context: string;

  constructor(what: string, details: { uid?: number | null; context?: string } = {}) {
    const context = details.context ?? '';
    super(context === '' ? what : `${what} near "${context}"`, details.uid ?? null);
    this.what = what;
    this.context = context;
  }
}

/** A command was in flight and the server sent nothing for the whole silence limit, or next to nothing for far longer. */
export class TimeoutError extends WireError {
  readonly milliseconds: number;

  constructor(milliseconds: number, uid: number | null) {
    super(`no answer from the server for ${milliseconds} ms`, uid);
    this.milliseconds = milliseconds;
  }
}

/** The server answered NO or BAD. The session goes on. */
export class CommandRefusedError extends WireError {
  readonly status: 'NO' | 'BAD';
  /** The response code's name in upper case (`NONEXISTENT`, `OVERQUOTA`, ...), null where there was none. */
  readonly code: string | null;
  /** What followed the name inside the brackets, as raw bytes in latin1. */
  readonly codeArguments: string;
  readonly text: string;
  readonly command: string;

  /** `answer` is the tagged NO or BAD. */
  constructor(command: string, answer: StatusResponse) {
    const status = answer.status === 'BAD' ? 'BAD' : 'NO';
    const code = answer.code === null ? '' : ` [${answer.code}]`;
    super(`${command} was answered ${status}${code} ${answer.text}`.trimEnd(), null);
    this.status = status;
    this.code = answer.code;
    this.codeArguments = answer.codeArguments;
    this.text = answer.text;
    this.command = command;
  }
}

/**
 * The command was meant for a mailbox whose SELECT or EXAMINE, queued before it, failed. Its answer, if
 * the server gave one, was about some other mailbox and has been thrown away. The session goes on.
 */
export class MailboxNotSelectedError extends WireError {
  constructor(command: string, cause: unknown) {
    super(`${command} was not run: its mailbox could not be opened`, null, { cause });
  }
}

/** A message handed to APPEND was longer or shorter than its announced size. The session is over. */
export class AppendSizeError extends WireError {
  readonly announced: number;
  readonly actual: number;

  constructor(announced: number, actual: number) {
    super(`message content has ${actual} octets or more where ${announced} were announced`, null);
    this.announced = announced;
    this.actual = actual;
  }
}
