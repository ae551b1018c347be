/**
 * APPEND and MULTIAPPEND (RFC 3502), message contents streamed. The announced size is a promise: a source
 * that yields more or fewer octets ends the connection, since the server would read commands as mail.
 */
import { type CommandPart, flagListArgument, stringArgument } from '../command-text.js';
import { formatInternalDate, type InternalDate } from '../internal-date.js';
import type { StatusResponse } from '../response-code.js';
import type { WireSession } from '../session.js';
import { UidSet } from '../uid-set.js';
import type { CommandOptions } from './arguments.js';

export interface AppendMessage {
  readonly octets: number;
  /** Exactly `octets` bytes; iterated once, when the server is ready for them. */
  readonly content: Iterable<Buffer> | AsyncIterable<Buffer>;
  readonly flags?: readonly string[];
  readonly internalDate?: InternalDate;
  /** As literal8: only with BINARY, for content with NUL. */
  readonly binary?: boolean;
}

export interface AppendResult {
  /** From APPENDUID (RFC 4315); both null where the server gave none, or none that fits the messages. */
  readonly uidValidity: bigint | null;
  /** One UID for each message, in their order. */
  readonly uids: readonly number[] | null;
  readonly text: string;
}

/**
 * Appends all messages with one command: all of them, or none. More than one message needs MULTIAPPEND.
 * To append single messages at full speed, call this for each without waiting in between. Throws RangeError
 * for flags or dates that IMAP can't express, before anything is sent.
 */
export function append(
  session: WireSession,
  mailbox: string,
  messages: readonly AppendMessage[],
  options: CommandOptions = {},
): Promise<AppendResult> {
  if (messages.length === 0) throw new RangeError('APPEND needs a message');
  return session.execute(
    {
      name: 'APPEND',
      parts: ['APPEND ', stringArgument(mailbox), ...messages.flatMap(messageParts)],
      receiver: {},
      complete: (response) => ({ ...appendUid(response, messages.length), text: response.text }),
    },
    options,
  );
}

function messageParts(message: AppendMessage): CommandPart[] {
  const { octets, content, flags = [], internalDate, binary = false } = message;
  const date = internalDate === undefined ? '' : ` "${formatInternalDate(internalDate)}"`;
  return [` ${flagListArgument(flags)}${date} `, { octets, content, binary }];
}

/** `[APPENDUID <uidvalidity> <uid-set>]`: the set is in the order of the messages (RFC 4315 section 3). */
function appendUid(response: StatusResponse, count: number): Pick<AppendResult, 'uidValidity' | 'uids'> {
  const match =
    response.code === 'APPENDUID' ? /^([1-9]\d{0,9}) ([\d:,]+)$/.exec(response.codeArguments) : null;
  const set = match === null ? null : UidSet.parse(Buffer.from(match[2]!, 'latin1'));
  // A set that isn't written in ascending order, or has another size, can't be matched with the messages.
  if (match === null || set === null || set.size !== count || !isAscending(match[2]!)) {
    return { uidValidity: null, uids: null };
  }
  return { uidValidity: BigInt(match[1]!), uids: [...set] };
}

function isAscending(set: string): boolean {
  const numbers = set.split(/[:,]/).map(Number);
  return numbers.every((number, index) => index === 0 || number > numbers[index - 1]!);
}
