/**
 * Where message bodies go: the sink a caller provides, and what can be said against a body that kept every
 * rule.
 */
import type { FetchRow } from './fetch-row.js';

/** Where a body's bytes go. Called by the session only; never by two bodies at once. */
export interface BodySink {
  /**
   * The next bytes, a view of the socket's buffer that stays valid. While a returned promise is pending,
   * nothing is read from the connection. Throwing or rejecting ends the session with that error.
   */
  write(chunk: Buffer): void | Promise<void>;
  /**
   * The row was closed properly and the response after it has begun: the bytes are all there, and they are
   * those of `row.uid`. Waited for before anything else is read.
   */
  end(row: FetchRow, doubts: readonly Doubt[]): void | Promise<void>;
  /** There will be no `end`; called at most once, possibly while a `write` is still pending. */
  abort(reason: Error): void;
}

/**
 * Why a body might not be what it seems although every rule was kept. Fetching the message alone, in a
 * session of depth 1, settles them: a literal that runs on too long then waits for bytes that never come.
 *
 * What no reader can tell: a server that announces fewer octets than it sends, on a message that was written
 * to continue as IMAP (`)` CRLF `* 7 FETCH (UID 7 BODY[] {5}` ...). The forged row is then told only by `size`,
 * by the duplicate when the true row comes, or by a UID that was not asked for.
 * - `size`: RFC822.SIZE in the same row is not the number of octets that came. Usual on Exchange.
 * - `swallowed`: the body contains what looks like the end of a FETCH row and the next response.
 * - `order`: against the row before it, sequence number and UID did not move the same way.
 * - `shape`: FLAGS, MODSEQ, INTERNALDATE or RFC822.SIZE was asked for and is neither in the row nor in one for
 *   the same message just before it. Perhaps the literal ran on over the end of its own row.
 */
export type Doubt = 'size' | 'swallowed' | 'order' | 'shape';

/** A body on its way: the session's own wrapper around a sink. */
export interface BodyTarget {
  write(chunk: Buffer): void | Promise<void>;
  /** The row is complete; nothing is final yet. Throws where it must not be kept. */
  close(row: FetchRow, uidWasZero: boolean): void;
  finish(row: FetchRow): void | Promise<void>;
}
