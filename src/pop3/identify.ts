/**
 * Tells the messages of a mailbox apart. By UIDL where it is unique; where the server gives none, or the same to
 * several messages (RFC 1939 allows that for identical ones), by size and hash of the header block, which costs
 * a TOP of each such message in every run.
 */
import { createHash } from 'node:crypto';
import { RefusedError } from './errors.js';
import type { DropMessage, Maildrop } from './maildrop.js';
import type { Session } from './session.js';
import { readTop } from './top.js';
import type { IdentifiedMessage } from './uid-map.js';

export interface Identified {
  readonly messages: readonly IdentifiedMessage[];
  /** Messages that share their UIDL with another. */
  readonly duplicates: number;
  /** Messages that can't be told from others, because the server refuses their headers: they are left out. */
  readonly refused: number;
}

export async function identify(session: Session, { messages }: Maildrop): Promise<Identified> {
  const uses = new Map<string, number>();
  for (const { uidl } of messages) if (uidl !== '') uses.set(uidl, (uses.get(uidl) ?? 0) + 1);
  const isUnique = ({ uidl }: DropMessage) => uses.get(uidl) === 1;
  const doubtful = messages.filter((message) => !isUnique(message));
  const prints = await fingerprints(session, doubtful);
  const seen = new Map<string, number>();
  const identified = messages.flatMap((message) => {
    const { number, size, uidl } = message;
    if (isUnique(message)) return [{ number, size, key: `U${uidl}` }];
    const hash = prints.get(number);
    if (hash === undefined) return [];
    const print = `H${uidl} ${size} ${hash}`;
    // Identical ones are told apart by how many there are: which is which makes no difference.
    const nth = (seen.get(print) ?? 0) + 1;
    seen.set(print, nth);
    return [{ number, size, key: `${print} ${nth}` }];
  });
  const duplicates = doubtful.filter(({ uidl }) => uidl !== '').length;
  return { messages: identified, duplicates, refused: messages.length - identified.length };
}

async function fingerprints(
  session: Session,
  messages: readonly DropMessage[],
): Promise<ReadonlyMap<number, string>> {
  const prints = new Map<number, string>();
  await Promise.all(
    messages.map(async ({ number }) => {
      try {
        const { header } = await readTop(session, number, 0);
        prints.set(number, createHash('sha256').update(header).digest('hex').slice(0, 32));
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
      }
    }),
  );
  return prints;
}
