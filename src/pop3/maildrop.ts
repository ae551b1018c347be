/**
 * What one session sees in the mailbox: STAT, UIDL and LIST, asked together. The numbers hold for this session
 * only. Where the three disagree the listing is not whole, and absence in it proves nothing.
 */
import { ProtocolError, RefusedError } from './errors.js';
import type { Session } from './session.js';

export interface Maildrop {
  /** Messages as STAT says. */
  readonly count: number;
  readonly messages: readonly DropMessage[];
  /** false where the server has no UIDL. */
  readonly hasUidl: boolean;
  /** Why the listing is not whole, or null. */
  readonly incomplete: string | null;
}

/** A message as a session numbers it. */
export interface NumberedMessage {
  readonly number: number;
  /** As LIST says; some servers estimate it. */
  readonly size: number;
}

export interface DropMessage extends NumberedMessage {
  /** One char per octet; empty where the server gives none. */
  readonly uidl: string;
}

/** Message numbers that anybody has come near; beyond it is an attack on memory. */
const MOST = 5_000_000;
/** RFC 1939 allows 70; a few servers have more. */
const LONGEST_UIDL = 1000;

/** `announced`: whether CAPA names UIDL, so that a refusal is trouble and not ignorance. */
export async function lookInto(session: Session, announced: boolean): Promise<Maildrop> {
  const uidls = new Map<number, string>();
  const sizes = new Map<number, number>();
  const [stat, uidl, list] = await Promise.allSettled([
    session.command('STAT', 'STAT\r\n'),
    session.lines('UIDL', 'UIDL\r\n', MOST, (line) => addUidl(uidls, line)),
    session.lines('LIST', 'LIST\r\n', MOST, (line) => addSize(sizes, line)),
  ]);
  if (stat.status === 'rejected') throw stat.reason;
  const count = countOf(stat.value);
  // Some servers refuse to list an empty mailbox.
  if (list.status === 'rejected' && !(count === 0 && list.reason instanceof RefusedError)) throw list.reason;
  if (uidl.status === 'rejected' && !mayLackUidl(uidl.reason, count, announced)) throw uidl.reason;
  const hasUidl = uidl.status === 'fulfilled' || count === 0;
  const messages = [...sizes].flatMap(([number, size]) => {
    // Left out of UIDL, it may be any message: one that is here already, most likely.
    const uidl = hasUidl ? uidls.get(number) : '';
    return uidl === undefined ? [] : [{ number, size, uidl }];
  });
  messages.sort((a, b) => a.number - b.number);
  return { count, messages, hasUidl, incomplete: disagreement(count, sizes, hasUidl ? uidls : null) };
}

function disagreement(
  count: number,
  sizes: ReadonlyMap<number, number>,
  uidls: ReadonlyMap<number, string> | null,
): string | null {
  if (sizes.size !== count) return `the server counts ${count} messages and lists ${sizes.size}`;
  if (uidls === null) return null;
  if (uidls.size !== count) return `the server counts ${count} messages and names ${uidls.size} of them`;
  for (const number of uidls.keys()) {
    if (!sizes.has(number)) return `the server names message ${number} and does not list it`;
  }
  return null;
}

function countOf(status: string): number {
  const match = /^\s*(\d{1,7})\s+\d+/.exec(status);
  if (match === null) throw new ProtocolError('STAT tells no numbers');
  return Number(match[1]);
}

function addUidl(uidls: Map<number, string>, line: string): void {
  const match = /^\s*(\d{1,7})(?: (.*))?$/.exec(line);
  const uidl = match?.[2]?.trim() ?? '';
  if (match === null || uidl.length > LONGEST_UIDL) throw new ProtocolError('UIDL tells no identifier');
  uidls.set(Number(match[1]), uidl);
}

function addSize(sizes: Map<number, number>, line: string): void {
  const match = /^\s*(\d{1,7})\s+(\d{1,15})/.exec(line);
  if (match === null || match[1] === '0') throw new ProtocolError('LIST tells no size');
  sizes.set(Number(match[1]), Number(match[2]));
}

/** UIDL is optional (RFC 1939 section 7). */
function mayLackUidl(error: unknown, count: number, announced: boolean): boolean {
  return error instanceof RefusedError && (count === 0 || (error.code === null && !announced));
}
