/**
 * Recognises content that is here already: moved, copied, labelled or renumbered messages get a hard link
 * instead of a download. The server's own identity decides where there is one; otherwise the same size and
 * INTERNALDATE only make a candidate, and header block and slices of the body must be equal octet by octet.
 */
import type { AdoptablePlacement, PlacementPosition } from '../core/archive-ports.js';
import { throwIfAborted } from '../core/errors.js';
import type { FetchRequest, Probe, Source } from '../core/ports.js';
import type { FilePlace } from '../core/store-ports.js';
import { byMailbox, type SyncContext } from './sync-context.js';

const PAGE = 5_000;

interface Match {
  readonly placement: AdoptablePlacement;
  readonly sha256: string;
  readonly from: FilePlace & { size: number };
}

export async function adopt(context: SyncContext, source: Source): Promise<void> {
  for (const page of pages(context, context.ports.clock())) {
    await link(
      context,
      page.flatMap((placement) => identicalOf(context, placement)),
    );
    const candidates = page.filter((placement) => placement.identical === null);
    await link(context, await recognise(context, source, candidates));
  }
}

/** Only where the server's own identity decides: nothing is asked of the server. */
export async function linkIdentical(context: SyncContext, now: number): Promise<void> {
  for (const page of pages(context, now))
    await link(
      context,
      page.flatMap((placement) => identicalOf(context, placement)),
    );
}

function* pages(context: SyncContext, now: number): Generator<AdoptablePlacement[]> {
  const { index } = context.ports;
  let after: PlacementPosition = { mailbox: 0, uid: 0 };
  for (;;) {
    throwIfAborted(context.options.signal);
    const page = index.adoptable(after, PAGE, now);
    const last = page.at(-1);
    if (last === undefined) return;
    after = { mailbox: last.mailbox, uid: last.uid };
    yield page.filter((placement) => context.options.selects(context.mailbox(placement.mailbox).path));
  }
}

function identicalOf(context: SyncContext, placement: AdoptablePlacement): Match[] {
  return placement.identical === null ? [] : matchOf(context, placement, placement.identical);
}

async function recognise(
  context: SyncContext,
  source: Source,
  candidates: readonly AdoptablePlacement[],
): Promise<Match[]> {
  const matches: Match[] = [];
  const placements = new Map<FetchRequest, Map<number, AdoptablePlacement>>();
  for (const [mailbox, own] of byMailbox(candidates)) {
    const { wireName, path, uidValidity } = context.mailbox(mailbox);
    if (uidValidity === null) continue;
    const items = own.map(({ uid, size }) => ({ uid, size }));
    placements.set(
      { wireName, path, uidValidity, items },
      new Map(own.map((placement) => [placement.uid, placement])),
    );
  }
  if (placements.size === 0) return matches;
  await source.probe([...placements.keys()], async (request, uid, probe) => {
    const placement = placements.get(request)?.get(uid);
    if (placement === undefined) return;
    context.tally.bytesDownloaded += probe.slices.reduce(
      (sum, slice) => sum + slice.octets.length,
      probe.header.length,
    );
    const match = await compare(context, placement, probe);
    if (match !== null) matches.push(match);
  });
  return matches;
}

/** Exactly one content with that header block, and equal wherever the probe looked. */
async function compare(
  context: SyncContext,
  placement: AdoptablePlacement,
  probe: Probe,
): Promise<Match | null> {
  const { index, store, digest } = context.ports;
  const headerSha256 = digest(probe.header);
  const found = index.contentWith({ headerSha256, receivedAt: placement.receivedAt, size: placement.size });
  const [sha256] = found;
  if (sha256 === undefined || found.length > 1) return null;
  const [match] = matchOf(context, placement, sha256);
  if (match === undefined) return null;
  for (const { offset, octets } of probe.slices) {
    const here = await store.slice(match.from, offset, octets.length);
    if (here === null || !isEqual(here, octets)) return null;
  }
  return match;
}

function matchOf(context: SyncContext, placement: AdoptablePlacement, sha256: string): Match[] {
  const from = context.ports.index.locate(sha256, placement.receivedAt);
  return from === null ? [] : [{ placement, sha256, from }];
}

async function link(context: SyncContext, matches: readonly Match[]): Promise<void> {
  if (matches.length === 0) return;
  const { index, store } = context.ports;
  await context.prepareKeywords(matches.map((match) => match.placement));
  const links = matches.map(({ placement, sha256, from }) => {
    const letters = context.letters(placement.mailbox, placement.flags);
    const to = context.place('mail', placement.mailbox, { ...placement, sha256, size: from.size }, letters);
    return {
      from,
      to,
      receivedAt: placement.receivedAt,
      placement: placement.placement,
      sha256,
      letters,
      settled: true,
    };
  });
  const outcomes = await store.link(links);
  const done = links.filter((_, at) => outcomes[at] === 'done');
  index.recordAdopted(context.run, done);
  context.tally.adopted += done.length;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
