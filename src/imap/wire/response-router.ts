/**
 * Brings each response to the command it answers. What is meant for a command whose mailbox could not be
 * opened goes nowhere: the server may be talking of the mailbox that is still open instead.
 */
import type { BodyTarget } from './body-sink.js';
import { type CommandQueue, isOrphan, type PendingCommand } from './command-queue.js';
import { ProtocolViolationError } from './errors.js';
import type { FetchedBody, FetchRow } from './fetch-row.js';
import type { StatusResponse } from './response-code.js';
import type { ResponseHandler } from './response-reader.js';
import type { ValueCursor } from './value-cursor.js';
import type { CommandReceiver } from './wire-command.js';

export interface RouterEvents {
  tagged(pending: PendingCommand, response: StatusResponse): void;
  bye(response: StatusResponse): void;
  /** `+` came; false where nobody waited for it. */
  proceed(): boolean;
  /** Untagged data that no command takes. */
  unsolicited(name: string, cursor: ValueCursor): void;
}

export class ResponseRouter implements ResponseHandler {
  /** The command that was last handed something: if its receiver throws, the error is that command's own. */
  addressee: PendingCommand | undefined;
  readonly #queue: CommandQueue;
  readonly #events: RouterEvents;

  constructor(queue: CommandQueue, events: RouterEvents) {
    this.#queue = queue;
    this.#events = events;
  }

  isAnswerable(tag: string): boolean {
    return this.#queue.answered(tag) !== undefined;
  }

  tagged(tag: string, response: StatusResponse): void {
    this.#events.tagged(this.#queue.answered(tag)!, response);
  }

  continuation(): void {
    if (!this.#events.proceed()) throw new ProtocolViolationError('a continuation nobody waits for');
  }

  status(response: StatusResponse): void {
    if (response.status === 'BYE') this.#events.bye(response);
    else this.#receiver(() => null)?.status?.(response);
  }

  untagged(name: string, number: number | null, cursor: ValueCursor): void {
    if (name === 'EXPUNGE' || name === 'VANISHED') this.#tellAll(name, number, cursor);
    else {
      const receiver = this.#receiver((one, tag) => one.claimsUntagged?.(name, cursor.fork(), tag));
      if (receiver?.untagged === undefined) this.#events.unsolicited(name, cursor);
      else receiver.untagged(name, number, cursor, this.addressee!.tag);
    }
  }

  row(row: FetchRow, body: FetchedBody | null, uidWasZero: boolean): void {
    this.#receiver((one) => one.claimsRow?.(row, body))?.row?.(row, body, uidWasZero);
  }

  beginBody(row: FetchRow, body: FetchedBody, uidWasZero: boolean): BodyTarget | null {
    const receiver = this.#receiver((one) => one.claimsRow?.(row, body));
    if (receiver?.beginBody !== undefined) return receiver.beginBody(row, body, uidWasZero);
    if (this.addressee !== undefined && isOrphan(this.addressee)) return null;
    throw new ProtocolViolationError('a message body nobody asked for', { uid: row.uid });
  }

  /** The receiver of the command whose answer this is; none where that must not have it. */
  #receiver(claim: Parameters<CommandQueue['addressee']>[0]): CommandReceiver | undefined {
    this.addressee = this.#queue.addressee(claim);
    if (this.addressee === undefined || isOrphan(this.addressee)) return undefined;
    return this.addressee.command.receiver;
  }

  /** What went from the mailbox concerns every command that runs in it. */
  #tellAll(name: string, number: number | null, cursor: ValueCursor): void {
    for (const pending of this.#queue.answerable()) {
      this.addressee = pending;
      if (!isOrphan(pending)) pending.command.receiver.untagged?.(name, number, cursor.fork(), pending.tag);
    }
  }
}
