/**
 * Which of the archive's messages one mailbox of the target lacks. Pure, in two steps, because the first may
 * find that hashes of messages on the target are needed. In this order a message there stands for one of
 * ours: it has the very UID that the archive took it from; the ledger sent it; the server's own identity (EMAILID,
 * X-GM-MSGID) says so; Message-ID, size and INTERNALDATE agree, or, where these leave a doubt (no Message-ID,
 * several contents that look the same, all but the size agree, which Exchange only estimates), its hash; at
 * last, one that was being sent when a restore was cut. Each message there stands for one of ours only, so a
 * real duplicate in the archive stays a duplicate on the target; of duplicates with different flags the one
 * with the same flags is meant.
 */
import type { SelectedPlacement } from '../ports/archive.js';
import type { LedgerEntry, PendingEntry, TargetMessage } from '../ports/restore.js';

/** The message of ours, and the UID on the target that stands for it. */
export type Matches<W> = Map<W, number>;

/** A selected message; `W` lets the caller keep what it knows of it. */
interface Wanted {
  readonly placement: SelectedPlacement;
}

export interface MatchFacts<W> {
  readonly known: readonly LedgerEntry[];
  /** The UID under which the archive found a message in this very mailbox, or null. */
  readonly ownUid: (wanted: W) => number | null;
  /** The archive's identities are this server's. */
  readonly byIdentity: boolean;
  /** What was being sent when a restore was cut, or was sent to where nobody knows. */
  readonly pending: readonly PendingEntry[];
  /** Canonical flags that a message of ours has on this target. */
  readonly flagsOf: (placement: SelectedPlacement) => string;
}

export interface MatchStart<W extends Wanted> {
  readonly facts: MatchFacts<W>;
  readonly matches: Matches<W>;
  /** Not matched yet, in the archive's order. */
  readonly wanted: readonly W[];
  readonly there: readonly TargetMessage[];
  /** UIDs on the target whose hash `finishMatching` needs. */
  readonly doubtful: readonly number[];
}

export function startMatching<W extends Wanted>(
  wanted: readonly W[],
  there: readonly TargetMessage[],
  facts: MatchFacts<W>,
): MatchStart<W> {
  const matcher = new Matcher(wanted, there, facts);
  matcher.match(
    (wanted) => facts.ownUid(wanted)?.toString() ?? null,
    (message) => String(message.uid),
    ({ placement }, message) =>
      isPlausible(placement, message, null) ||
      (placement.messageId === message.messageId && placement.receivedAt === message.receivedAt),
  );
  const sent = new Map(facts.known.map((entry) => [entry.uid, entry]));
  matcher.match(
    ({ placement }) => contentKey(placement),
    (message) => {
      const entry = sent.get(message.uid);
      return entry === undefined ? null : contentKey(entry);
    },
    ({ placement }, message) => isPlausible(placement, message, sent.get(message.uid)!.seenSize),
  );
  if (facts.byIdentity) {
    matcher.match(
      ({ placement }) => placement.emailId,
      (message) => message.identity,
    );
  }
  const groups = groupByLook(matcher.wanted);
  const traces = new Set(matcher.wanted.map(({ placement }) => traceOf(placement)));
  const isNamelessPending = namelessPending(matcher.wanted, facts.pending);
  const isInDoubt = (message: TargetMessage) => {
    const group = groups.get(lookOf(message));
    if (group !== undefined) return isDoubtful(group);
    const trace = traceOf(message);
    return (trace !== null && traces.has(trace)) || isNamelessPending(message);
  };
  const doubtful = matcher.there.filter(isInDoubt).map((message) => message.uid);
  return { facts, matches: matcher.matches, wanted: matcher.wanted, there: matcher.there, doubtful };
}

export function finishMatching<W extends Wanted>(
  start: MatchStart<W>,
  digests: ReadonlyMap<number, string>,
): Matches<W> {
  const groups = groupByLook(start.wanted);
  const key = (look: string, sha256: string | undefined) =>
    isDoubtful(groups.get(look) ?? []) ? (sha256 === undefined ? null : `${look} ${sha256}`) : look;
  const matcher = new Matcher(start.wanted, start.there, start.facts, start.matches);
  matcher.match(
    ({ placement }) => key(lookOf(placement), placement.sha256),
    (message) => key(lookOf(message), digests.get(message.uid)),
  );
  const withHash = (trace: string | null, sha256: string | undefined) =>
    trace === null || sha256 === undefined ? null : `${trace} ${sha256}`;
  matcher.match(
    ({ placement }) => withHash(traceOf(placement), placement.sha256),
    (message) => withHash(traceOf(message), digests.get(message.uid)),
  );
  matchPending(matcher, start.facts.pending, digests);
  return matcher.matches;
}

/** Whether a message there has the size of one that is pending, and like that no Message-ID: its hash decides. */
function namelessPending<W extends Wanted>(
  wanted: readonly W[],
  pending: readonly PendingEntry[],
): (message: TargetMessage) => boolean {
  if (pending.length === 0) return () => false;
  const since = pending.reduce((least, { uidNext }) => Math.min(least, uidNext), Number.POSITIVE_INFINITY);
  const contents = new Set(pending.map(contentKey));
  const sizes = new Set<number>();
  for (const { placement } of wanted)
    if (placement.messageId === null && contents.has(contentKey(placement))) sizes.add(placement.size);
  return ({ uid, messageId, size }) => uid >= since && messageId === null && sizes.has(size);
}

/**
 * A server that gives a message another date or rewrites it hides one that was being sent when the reply was
 * lost. Only messages that arrived since are taken for it: with the same Message-ID, or, having none, with the same
 * octets or the same date. The same size alone means nothing: a message that grew has the size of another.
 */
function matchPending<W extends Wanted>(
  matcher: Matcher<W>,
  pending: readonly PendingEntry[],
  digests: ReadonlyMap<number, string>,
): void {
  if (pending.length === 0) return;
  const since = new Map(pending.map((entry) => [contentKey(entry), entry.uidNext]));
  const match = (trace: (message: Traced, sha256: string | undefined) => string | null) =>
    matcher.match(
      ({ placement }) => (since.has(contentKey(placement)) ? trace(placement, placement.sha256) : null),
      (message) => trace(message, digests.get(message.uid)),
      ({ placement }, message) => message.uid >= since.get(contentKey(placement))!,
    );
  match(({ messageId }, sha256) => (messageId === null && sha256 !== undefined ? sha256 : null));
  match(({ messageId, receivedAt }) => `${receivedAt} ${messageId ?? ''}`);
  match(({ messageId }) => messageId);
}

type Traced = Pick<TargetMessage, 'messageId' | 'receivedAt'>;

class Matcher<W extends Wanted> {
  readonly matches: Matches<W>;
  wanted: readonly W[];
  there: readonly TargetMessage[];
  readonly #flagsOf: MatchFacts<W>['flagsOf'];

  constructor(
    wanted: readonly W[],
    there: readonly TargetMessage[],
    facts: MatchFacts<W>,
    matches: Matches<W> = new Map(),
  ) {
    this.wanted = wanted;
    this.there = there;
    this.matches = new Map(matches);
    this.#flagsOf = facts.flagsOf;
  }

  /** Pairs what has the same key, in order, those with equal flags first; null pairs with nothing. */
  match(
    keyOf: (wanted: W) => string | null,
    keyThere: (message: TargetMessage) => string | null,
    accepts: (wanted: W, message: TargetMessage) => boolean = () => true,
  ): void {
    const withFlags = (key: string | null, flags: string) =>
      key === null ? null : `${key} ${flags.toLowerCase()}`;
    this.#pair(
      (wanted) => withFlags(keyOf(wanted), this.#flagsOf(wanted.placement)),
      (message) => withFlags(keyThere(message), message.flags),
      accepts,
    );
    this.#pair(keyOf, keyThere, accepts);
  }

  #pair(
    keyOf: (wanted: W) => string | null,
    keyThere: (message: TargetMessage) => string | null,
    accepts: (wanted: W, message: TargetMessage) => boolean,
  ): void {
    const waiting = new Map<string, TargetMessage[]>();
    for (const message of this.there) {
      const key = keyThere(message);
      if (key === null) continue;
      const others = waiting.get(key);
      if (others === undefined) waiting.set(key, [message]);
      else others.push(message);
    }
    if (waiting.size === 0) return;
    const taken = new Set<TargetMessage>();
    for (const wanted of this.wanted) {
      const key = keyOf(wanted);
      const candidates = key === null ? undefined : waiting.get(key);
      const at = candidates?.findIndex((message) => accepts(wanted, message)) ?? -1;
      if (candidates === undefined || at === -1) continue;
      const [message] = candidates.splice(at, 1) as [TargetMessage];
      this.matches.set(wanted, message.uid);
      taken.add(message);
    }
    this.wanted = this.wanted.filter((wanted) => !this.matches.has(wanted));
    this.there = this.there.filter((message) => !taken.has(message));
  }
}

/** A server set up again from an old copy gives UIDs out anew: they are believed only if the look agrees. */
function isPlausible(placement: SelectedPlacement, message: TargetMessage, seenSize: number | null): boolean {
  if (placement.messageId !== null && message.messageId !== null && placement.messageId !== message.messageId)
    return false;
  if (placement.messageId !== null && message.messageId !== null) return true;
  return message.size === placement.size || message.size === seenSize;
}

function contentKey(content: { readonly sha256: string; readonly receivedAt: number }): string {
  return `${content.sha256} ${content.receivedAt}`;
}

function groupByLook<W extends Wanted>(wanted: readonly W[]): Map<string, W[]> {
  const groups = new Map<string, W[]>();
  for (const one of wanted) {
    const look = lookOf(one.placement);
    const group = groups.get(look);
    if (group === undefined) groups.set(look, [one]);
    else group.push(one);
  }
  return groups;
}

/** No Message-ID, or different contents that look the same. */
function isDoubtful(group: readonly Wanted[]): boolean {
  const first = group[0]?.placement;
  if (first === undefined) return false;
  return first.messageId === null || group.some(({ placement }) => placement.sha256 !== first.sha256);
}

/** All of the look but the size; null without a Message-ID. */
function traceOf(message: { messageId: string | null; receivedAt: number | null }): string | null {
  return message.messageId === null ? null : `${message.receivedAt} ${message.messageId}`;
}

function lookOf(message: { messageId: string | null; size: number; receivedAt: number | null }): string {
  return `${message.size} ${message.receivedAt} ${message.messageId ?? ''}`;
}
