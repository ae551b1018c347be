/**
 * Recognises content that is here already: moved, copied, labelled or renumbered messages get a hard link
 * instead of a download. The server's own identity decides where there is one; otherwise the same size and
 * INTERNALDATE (or the same size as an imported message) only make a candidate. What looks like an imported
 * message, or like a large one that has just left another place, is compared in header block and slices;
 * everything else is read whole, because it may be a twin of a message that is still there, or one that took
 * its place.
 */

import { throwIfAborted } from '../core/errors.js';
import { isEqual } from '../core/octets.js';
import type { AdoptablePlacement, PlacementPosition } from '../core/ports/placements.js';
import type { FetchRequest, Probe, Source } from '../core/ports/source.js';
import { choosePlaces } from '../core/sync/probe-slices.js';
import { compareWhole, MAX_IN_MEMORY, type WholeCandidate } from './compare-whole.js';
import { type Match, matchOf } from './content-match.js';
import { byMailbox, type SyncContext } from './sync-context.js';

const PAGE = 2_000;

export async function adopt(context: SyncContext, source: Source): Promise<void> {
  const places = choosePlaces(context.ports.random);
  const departures = new Departures(context);
  for (const page of pages(context, context.ports.clock())) {
    await link(
      context,
      page.flatMap((placement) => identicalOf(context, placement)),
    );
    const candidates = page.filter((placement) => placement.identical === null);
    const isWhole = ({ size, renumbered, imported }: AdoptablePlacement) =>
      size <= MAX_IN_MEMORY && !renumbered && !imported;
    const alike = await recognise(
      context,
      source,
      candidates.filter((placement) => !isWhole(placement)),
      places,
    );
    const moved: Match[] = [];
    const doubtful: WholeCandidate[] = candidates
      .filter(isWhole)
      .map((placement) => ({ placement, seems: null }));
    for (const match of alike) {
      if (departures.explain(match)) moved.push(match);
      else doubtful.push({ placement: match.placement, seems: match });
    }
    await link(context, moved);
    await link(context, await compareWhole(context, source, doubtful));
  }
}

/** Each message that left another place, or was imported, makes one new placement likely, and no more. */
class Departures {
  readonly #context: SyncContext;
  readonly #explained = new Map<string, number>();
  /** As many as there were when first asked: each one that is explained uses one up in the index too. */
  readonly #imports = new Map<string, number>();

  constructor(context: SyncContext) {
    this.#context = context;
  }

  explain({ placement, sha256 }: Match): boolean {
    const explained = this.#explained.get(sha256) ?? 0;
    const { index } = this.#context.ports;
    if (explained >= this.#importsOf(sha256) + index.departures(sha256, placement)) return false;
    this.#explained.set(sha256, explained + 1);
    return true;
  }

  #importsOf(sha256: string): number {
    let imports = this.#imports.get(sha256);
    if (imports === undefined) {
      imports = this.#context.ports.index.imports(sha256);
      this.#imports.set(sha256, imports);
    }
    return imports;
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
    yield page.filter((placement) => context.selects(context.mailbox(placement.mailbox).path));
  }
}

function identicalOf(context: SyncContext, placement: AdoptablePlacement): Match[] {
  const match = placement.identical === null ? null : matchOf(context, placement, placement.identical);
  return match === null ? [] : [match];
}

async function recognise(
  context: SyncContext,
  source: Source,
  candidates: readonly AdoptablePlacement[],
  places: readonly number[],
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
  await source.probe([...placements.keys()], places, async (request, uid, probe) => {
    const placement = placements.get(request)?.get(uid);
    if (placement === undefined) return;
    const octets = probe.slices.reduce((sum, slice) => sum + slice.octets.length, probe.header.length);
    context.tally.bytesDownloaded += octets;
    context.passed(octets);
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
  const match = matchOf(context, placement, sha256);
  if (match === null) return null;
  for (const { offset, octets } of probe.slices) {
    const here = await store.slice(match.from, offset, octets.length);
    if (here === null || !isEqual(here, octets)) return null;
  }
  return match;
}

async function link(context: SyncContext, matches: readonly Match[]): Promise<void> {
  if (matches.length === 0) return;
  const { index, store } = context.ports;
  await context.prepareKeywords(matches.map((match) => match.placement));
  const links = matches.map(({ placement, receivedAt, sha256, from }) => {
    const letters = context.letters(placement.mailbox, placement.flags);
    const name = { ...placement, receivedAt, sha256, size: from.size };
    return {
      from,
      to: context.place('mail', placement.mailbox, name, letters),
      receivedAt,
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
  for (const _ of matches) context.passed(0);
}
