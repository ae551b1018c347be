/**
 * LIST (with LIST-STATUS, RFC 5819), STATUS and NAMESPACE. A mailbox is named by its raw bytes in latin1,
 * exactly as the server listed it: decoding is for people, see `mailbox-name.ts`. A line that makes no sense
 * is counted and shown, since one odd folder must not hide all others; its framing was still sound.
 */
import { CLOSE, latin1, OPEN, printable, QUOTE } from '../bytes.js';
import { atomArgument, type CommandPart, stringArgument } from '../command-text.js';
import { ProtocolViolationError } from '../errors.js';
import type { WireSession } from '../session.js';
import type { ValueCursor } from '../value-cursor.js';
import { type CommandOptions, modseqOrNull, uidOrNull, wholeNumber } from './arguments.js';

/** MAILBOXID is left out on purpose: Cyrus 3.6 answers it with garbage. Take it from SELECT. */
export type StatusItem =
  | 'MESSAGES'
  | 'UIDNEXT'
  | 'UIDVALIDITY'
  | 'UNSEEN'
  | 'RECENT'
  | 'HIGHESTMODSEQ'
  | 'SIZE'
  | 'DELETED'
  | 'APPENDLIMIT';

/** Null: not asked for, not answered, or 0 where 0 means nothing (UIDNEXT, UIDVALIDITY, HIGHESTMODSEQ). */
export interface MailboxStatus {
  readonly messages: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: bigint | null;
  readonly highestModseq: bigint | null;
  readonly unseen: number | null;
  readonly recent: number | null;
  readonly size: number | null;
  readonly deleted: number | null;
  /** Most octets of a message (RFC 7889); null also for NIL, no limit. */
  readonly appendLimit: number | null;
}

export interface ListedMailbox {
  readonly name: string;
  /** One character, null for a flat name. */
  readonly delimiter: string | null;
  /** As sent, e.g. `\HasNoChildren`, `\Sent`; compare without case. */
  readonly attributes: readonly string[];
  /** From LIST-STATUS; null where the server gave none (normal for \Noselect). */
  readonly status: MailboxStatus | null;
}

export interface ListOptions extends CommandOptions {
  /** Reference name, default ''. */
  readonly reference?: string;
  /** RETURN items such as `SPECIAL-USE`, `SUBSCRIBED`, `CHILDREN`: only where announced. */
  readonly returns?: readonly string[];
  /** RETURN (STATUS ...): only with LIST-STATUS. */
  readonly returnStatus?: readonly StatusItem[];
  /** `LSUB` for subscriptions on servers without LIST-EXTENDED. */
  readonly subscribed?: boolean;
}

export interface ListResult {
  readonly mailboxes: readonly ListedMailbox[];
  /** Lines that could not be read, printable, at most 80 characters each. */
  readonly unreadable: readonly string[];
}

/** `pattern` is raw bytes in latin1 with the wildcards `*` and `%`. */
export function list(session: WireSession, pattern: string, options: ListOptions = {}): Promise<ListResult> {
  const verb = options.subscribed ? 'LSUB' : 'LIST';
  const mailboxes = new Map<string, ListedMailbox>();
  const statuses = new Map<string, MailboxStatus>();
  const unreadable: string[] = [];
  let octets = 0;
  const read = (name: string, cursor: ValueCursor) => {
    if (name === verb) {
      const mailbox = readListed(cursor);
      mailboxes.set(mailbox.name, mailbox);
    } else {
      const [mailbox, status] = readStatus(cursor);
      statuses.set(nameKey(mailbox), status);
    }
  };
  return session.execute(
    {
      name: verb,
      parts: [
        `${verb} `,
        stringArgument(options.reference ?? ''),
        ' ',
        stringArgument(pattern),
        returned(options),
      ],
      exclusive: verb,
      receiver: {
        claimsUntagged: (name) =>
          name === verb || (name === 'STATUS' && options.returnStatus !== undefined) ? 'answer' : null,
        untagged(name, _number, cursor) {
          if (name !== verb && name !== 'STATUS') return;
          const line = cursor.at;
          // Each line costs memory, or nothing but time where it repeats another: neither may go on for ever.
          octets += cursor.end - line;
          if (octets > MAX_OCTETS || Math.max(mailboxes.size, statuses.size) > MAX_MAILBOXES)
            throw new ProtocolViolationError('a list of mailboxes longer than allowed');
          try {
            read(name, cursor);
          } catch (error) {
            if (!(error instanceof ProtocolViolationError) || unreadable.length >= MAX_UNREADABLE)
              throw error;
            // Counters that can't be read are none: the mailbox itself tells them when it is opened.
            if (name === verb) unreadable.push(printable(cursor.bytes.subarray(line, cursor.end), 80));
          }
        },
      },
      complete: () => ({
        mailboxes: [...mailboxes.values()].map((mailbox) => ({
          ...mailbox,
          status: statuses.get(nameKey(mailbox.name)) ?? null,
        })),
        unreadable,
      }),
    },
    options,
  );
}

/** Null where the server said OK and nothing about this mailbox, or nothing that can be read. */
export function status(
  session: WireSession,
  name: string,
  items: readonly StatusItem[],
  options: CommandOptions = {},
): Promise<MailboxStatus | null> {
  let found: MailboxStatus | null = null;
  return session.execute(
    {
      name: 'STATUS',
      parts: ['STATUS ', stringArgument(name), ` (${items.join(' ')})`],
      exclusive: `STATUS ${nameKey(name)}`,
      receiver: {
        claimsUntagged: (response, cursor) =>
          response === 'STATUS' && found === null && isAbout(name, cursor) ? 'answer' : null,
        untagged(response, _number, cursor) {
          if (response !== 'STATUS') return;
          try {
            const [mailbox, answer] = readStatus(cursor);
            // An unsolicited one (NOTIFY) may be about another mailbox.
            if (nameKey(mailbox) === nameKey(name)) found = answer;
          } catch (error) {
            if (!(error instanceof ProtocolViolationError)) throw error;
          }
        },
      },
      complete: () => found,
    },
    options,
  );
}

export interface Namespace {
  /** Raw bytes in latin1, e.g. `INBOX.`. */
  readonly prefix: string;
  readonly delimiter: string | null;
}

export interface Namespaces {
  readonly personal: readonly Namespace[];
  readonly others: readonly Namespace[];
  readonly shared: readonly Namespace[];
}

/** RFC 2342. Three empty lists where the server said OK and nothing, or what can't be read. */
export function namespace(session: WireSession, options: CommandOptions = {}): Promise<Namespaces> {
  let found: Namespaces = { personal: [], others: [], shared: [] };
  return session.execute(
    {
      name: 'NAMESPACE',
      parts: ['NAMESPACE'],
      exclusive: 'NAMESPACE',
      receiver: {
        claimsUntagged: (response) => (response === 'NAMESPACE' ? 'answer' : null),
        untagged(response, _number, cursor) {
          if (response !== 'NAMESPACE') return;
          try {
            found = {
              personal: readNamespaces(cursor),
              others: readNamespaces(cursor),
              shared: readNamespaces(cursor),
            };
          } catch (error) {
            if (!(error instanceof ProtocolViolationError)) throw error;
          }
        },
      },
      complete: () => found,
    },
    options,
  );
}

const MAX_MAILBOXES = 200_000;
/** Of all lines together. */
const MAX_OCTETS = 64 * 1024 * 1024;
const MAX_UNREADABLE = 1000;

function returned({ returns = [], returnStatus }: ListOptions): CommandPart {
  const items = returns.map(atomArgument);
  if (returnStatus !== undefined) items.push(`STATUS (${returnStatus.join(' ')})`);
  return items.length === 0 ? '' : ` RETURN (${items.join(' ')})`;
}

/** INBOX is the one name without case; STATUS may spell it unlike LIST. */
function nameKey(name: string): string {
  return /^inbox$/i.test(name) ? 'INBOX' : name;
}

/** Whether a STATUS line is about this mailbox; false also for one that can't be read. */
function isAbout(name: string, cursor: ValueCursor): boolean {
  try {
    return nameKey(cursor.string()) === nameKey(name);
  } catch {
    return false;
  }
}

function readListed(cursor: ValueCursor): ListedMailbox {
  cursor.expect(OPEN, 'a list of attributes');
  const attributes: string[] = [];
  while (!cursor.take(CLOSE)) attributes.push(cursor.atom());
  const delimiter = readDelimiter(cursor);
  const name = cursor.string();
  // What may follow is RFC 5258's extended data in parentheses.
  if (!cursor.done) cursor.expect(OPEN, 'the end of the line');
  return { name, delimiter, attributes, status: null };
}

function readDelimiter(cursor: ValueCursor): string | null {
  const quoted = cursor.byte === QUOTE;
  const delimiter = cursor.nullableString();
  if (delimiter === null || (quoted && delimiter === '')) return null;
  if (delimiter.length !== 1) throw cursor.violation('a delimiter of more than one character');
  return delimiter;
}

/** What follows the word STATUS; throws ProtocolViolationError. */
export function readStatus(cursor: ValueCursor): [name: string, status: MailboxStatus] {
  const name = cursor.string();
  cursor.expect(OPEN, 'a list of STATUS items');
  const numbers = new Map<string, bigint>();
  while (!cursor.take(CLOSE)) {
    const item = cursor.atom().toUpperCase();
    const start = cursor.at;
    cursor.skip();
    const value = wholeNumber(latin1(cursor.bytes, start, cursor.at).trim());
    if (value !== null) numbers.set(item, value);
  }
  const number = (item: string) => {
    const value = numbers.get(item);
    return value === undefined || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
  };
  return [
    name,
    {
      messages: number('MESSAGES'),
      uidNext: uidOrNull(number('UIDNEXT') ?? 0),
      uidValidity: numbers.get('UIDVALIDITY') || null,
      highestModseq: modseqOrNull(numbers.get('HIGHESTMODSEQ') ?? null),
      unseen: number('UNSEEN'),
      recent: number('RECENT'),
      size: number('SIZE'),
      deleted: number('DELETED'),
      appendLimit: number('APPENDLIMIT'),
    },
  ];
}

function readNamespaces(cursor: ValueCursor): Namespace[] {
  if (cursor.takeWord('nil')) return [];
  const namespaces: Namespace[] = [];
  cursor.expect(OPEN, 'a list of namespaces');
  while (!cursor.take(CLOSE)) {
    cursor.expect(OPEN, 'a namespace');
    const prefix = cursor.string();
    const delimiter = readDelimiter(cursor);
    while (!cursor.take(CLOSE)) cursor.skip();
    namespaces.push({ prefix, delimiter });
  }
  return namespaces;
}
