/**
 * Which of the archive's messages a restore or an export is about: mailboxes by glob, messages by query.
 * Without `is:removed` in the query only what the server still holds is meant. What the search index knows is
 * asked there; every other message is read, so that the answer does not depend on how far the index is.
 */

import { throwIfAborted } from '../core/errors.js';
import { flagList } from '../core/mailbox/flags.js';
import { messageDate } from '../core/message/message-date.js';
import { type ContentFacts, type FactsReader, NO_CONTENT } from '../core/message/message-facts.js';
import { joined } from '../core/octets.js';
import type { AbsentPlacement, SelectedPlacement } from '../core/ports/archive.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { KnownContent, KnownContents } from '../core/ports/search.js';
import type { MessageReader } from '../core/ports/store.js';
import { type Query, termsOf } from '../core/query/query.js';
import {
  type ContentNeed,
  matches,
  matchesPlace,
  needsContent,
  type PlaceFacts,
} from '../core/query/query-match.js';
import type { RestoreSelection } from './restore.js';

export interface SelectionPorts {
  readonly archive: {
    mailboxes(): IndexedMailbox[];
    placements(mailbox: IndexedMailbox, which: { readonly removed: boolean }): Iterable<SelectedPlacement>;
    /** What would belong to them and has no file any more. */
    absent(mailbox: IndexedMailbox, which: { readonly removed: boolean }): readonly AbsentPlacement[];
  };
  readonly store: Pick<MessageReader, 'read' | 'slice'>;
  readonly facts: FactsReader;
  /** Null where there is no search index that can be used. */
  readonly known: KnownContents | null;
}

export interface SelectionRequest {
  readonly selects: (path: string) => boolean;
  readonly query: Query;
  readonly signal: AbortSignal;
}

/** As much of a message as its header block may take. */
const MAX_HEADER = 256 * 1024;

export async function selectMessages(
  ports: SelectionPorts,
  request: SelectionRequest,
): Promise<RestoreSelection[]> {
  const selections: RestoreSelection[] = [];
  for (const mailbox of ports.archive.mailboxes()) {
    if (!request.selects(mailbox.path)) continue;
    const isWanted = judge(ports, mailbox, request.query);
    const placements: SelectedPlacement[] = [];
    for (const placement of present(ports, mailbox, request)) {
      const verdict = isWanted(placement);
      if (verdict === true || (verdict !== false && (await verdict))) placements.push(placement);
    }
    selections.push({ mailbox, placements });
  }
  return selections;
}

/** Those of one mailbox, by generation and UID, as they are read. */
export async function* selectedPlacements(
  ports: SelectionPorts,
  mailbox: IndexedMailbox,
  request: Pick<SelectionRequest, 'query' | 'signal'>,
): AsyncGenerator<SelectedPlacement> {
  const isWanted = judge(ports, mailbox, request.query);
  for (const placement of present(ports, mailbox, request)) if (await isWanted(placement)) yield placement;
}

function* present(
  ports: SelectionPorts,
  mailbox: IndexedMailbox,
  { query, signal }: Pick<SelectionRequest, 'query' | 'signal'>,
): Generator<SelectedPlacement> {
  for (const placement of ports.archive.placements(mailbox, { removed: asksForRemoved(query) })) {
    throwIfAborted(signal);
    yield placement;
  }
}

/** At once where nothing has to be read: a promise for each of hundreds of thousands would be most of the work. */
function judge(
  ports: SelectionPorts,
  mailbox: IndexedMailbox,
  query: Query,
): (placement: SelectedPlacement) => boolean | Promise<boolean> {
  const need = needsContent(query);
  const mailboxes = [{ path: mailbox.path }];
  const placeFacts = (placement: SelectedPlacement, content: KnownContent | ContentFacts): PlaceFacts => ({
    hasAttachment: content.hasAttachment,
    date: messageDate(content.date, placement.receivedAt),
    size: placement.size,
    flags: flagList(placement.flags),
    mailboxes,
    removed: placement.removed,
    messageId: placement.messageId,
  });
  if (need === 'index')
    return (placement) => matchesPlace(query, placeFacts(placement, NO_CONTENT), () => false);
  return async (placement) => {
    const content = ports.known?.of(placement.sha256) ?? (await readFacts(ports, placement, need));
    const place = placeFacts(placement, content);
    return 'holds' in content
      ? matchesPlace(query, place, (term) => content.holds(term))
      : matches(query, { ...content, ...place });
  };
}

/** A file that can't be read has no facts; restore itself will say that it is damaged. */
async function readFacts(
  ports: SelectionPorts,
  placement: SelectedPlacement,
  need: Exclude<ContentNeed, 'index'>,
): Promise<ContentFacts> {
  if (need === 'headers') {
    const start = await ports.store.slice(placement.place, 0, MAX_HEADER);
    return start === null ? NO_CONTENT : { ...NO_CONTENT, ...(await ports.facts.headerFacts(start)) };
  }
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of ports.store.read(placement.place)) chunks.push(chunk);
  } catch {
    return NO_CONTENT;
  }
  return ports.facts.messageFacts(joined(chunks));
}

export function asksForRemoved(query: Query): boolean {
  return termsOf(query).some((term) => term.kind === 'is' && term.state === 'removed');
}
