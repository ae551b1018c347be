/**
 * Compares messages octet by octet with what is here, by reading them whole from the server. It saves no
 * octets on the line, but two different messages can't be taken for one, and what is the same becomes a link
 * and not another file. What can't be read is left to the phase that fetches, which says so.
 */
import { isEqual, joined } from '../core/octets.js';
import type { AdoptablePlacement } from '../core/ports/placements.js';
import type { BodyReceiver, BodySink, FetchRequest, Source } from '../core/ports/source.js';
import { type Match, matchOf } from './content-match.js';
import { byMailbox, type SyncContext } from './sync-context.js';

/** Up to here a message is read into memory and recognised by its hash. */
export const MAX_IN_MEMORY = 32 * 1024;

export interface WholeCandidate {
  readonly placement: AdoptablePlacement;
  /** What it seems to be; null for a small one, which its hash tells. */
  readonly seems: Match | null;
}

export async function compareWhole(
  context: SyncContext,
  source: Source,
  all: readonly WholeCandidate[],
): Promise<Match[]> {
  const matches: Match[] = [];
  const candidates = context.budget?.withinTwice(all, ({ placement }) => placement.size) ?? all;
  if (candidates.length === 0) return matches;
  const bySource = new Map<FetchRequest, Map<number, WholeCandidate>>();
  const flat = candidates.map((candidate) => ({ ...candidate, mailbox: candidate.placement.mailbox }));
  for (const [mailbox, own] of byMailbox(flat)) {
    const { wireName, path, uidValidity } = context.mailbox(mailbox);
    if (uidValidity === null) continue;
    own.sort((a, b) => a.placement.uid - b.placement.uid);
    const items = own.map(({ placement: { uid, size } }) => ({ uid, size }));
    bySource.set(
      { wireName, path, uidValidity, items },
      new Map(own.map((candidate) => [candidate.placement.uid, candidate])),
    );
  }
  const receiver: BodyReceiver = {
    begin: (request, uid) => {
      const { placement, seems } = bySource.get(request)!.get(uid)!;
      const found = (match: Match) => matches.push(match);
      return seems === null
        ? new HashedBody(context, placement, found)
        : new ComparedBody(context, seems, found);
    },
    failed: () => undefined,
    mailboxFailed: () => undefined,
  };
  await source.fetch([...bySource.keys()], receiver);
  return matches;
}

/** A small body, recognised by its hash whatever it is. */
class HashedBody implements BodySink {
  readonly #context: SyncContext;
  readonly #placement: AdoptablePlacement;
  readonly #found: (match: Match) => void;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(context: SyncContext, placement: AdoptablePlacement, found: (match: Match) => void) {
    this.#context = context;
    this.#placement = placement;
    this.#found = found;
  }

  write(chunk: Uint8Array): void {
    this.#size += chunk.length;
    // A server that lies about sizes is not given more memory than it claimed.
    if (this.#size <= MAX_IN_MEMORY) this.#chunks.push(new Uint8Array(chunk));
  }

  async end(): Promise<void> {
    const { ports, tally } = this.#context;
    tally.bytesDownloaded += this.#size;
    this.#context.passed(this.#size);
    if (this.#size > MAX_IN_MEMORY) return;
    const match = matchOf(this.#context, this.#placement, ports.digest(joined(this.#chunks)));
    // A file that has rotted is no match for what has just arrived.
    if (match !== null && (await ports.store.measure(match.from))?.sha256 === match.sha256)
      this.#found(match);
  }

  abort(): void {
    this.#chunks.length = 0;
  }
}

/** A body of any size, compared with the file that it seems to be. */
class ComparedBody implements BodySink {
  readonly #context: SyncContext;
  readonly #seems: Match;
  readonly #found: (match: Match) => void;
  #offset = 0;
  #equal = true;

  constructor(context: SyncContext, seems: Match, found: (match: Match) => void) {
    this.#context = context;
    this.#seems = seems;
    this.#found = found;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    const offset = this.#offset;
    this.#offset += chunk.length;
    if (this.#equal) return this.#compare(offset, chunk);
  }

  end(): void {
    this.#context.tally.bytesDownloaded += this.#offset;
    this.#context.passed(this.#offset);
    if (this.#equal && this.#offset === this.#seems.from.size) this.#found(this.#seems);
  }

  abort(): void {
    this.#equal = false;
  }

  async #compare(offset: number, chunk: Uint8Array): Promise<void> {
    const here = await this.#context.ports.store.slice(this.#seems.from, offset, chunk.length);
    this.#equal &&= here !== null && isEqual(here, chunk);
  }
}
