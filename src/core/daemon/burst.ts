/**
 * News from a watched mailbox become runs: one message is fetched at once, five hundred in a row are a few
 * runs. A run begins when the news pause, at the latest a second after the first, and runs of one burst
 * keep their distance; both together stay below two seconds.
 */

/** `arrived`: a new message; `changed`: flags or deletions, which are in no hurry. */
export type News = 'arrived' | 'changed';

export interface Burst {
  readonly firstAt: number;
  readonly lastAt: number;
  /** Since when there is a new message among the news; null: only changes. */
  readonly arrivedAt: number | null;
}

const SETTLE_MS = 150;
const LATEST_MS = 1000;
const DISTANCE_MS = 1200;
const CHANGES_MS = 5000;

export function withNews(burst: Burst | null, news: News, now: number): Burst {
  const arrivedAt = burst?.arrivedAt ?? null;
  return {
    firstAt: burst?.firstAt ?? now,
    lastAt: now,
    arrivedAt: news === 'arrived' ? (arrivedAt ?? now) : arrivedAt,
  };
}

/** When the run for this burst is due, given when the account's last run began (null: none). */
export function burstDueAt(burst: Burst, lastStartedAt: number | null): number {
  if (burst.arrivedAt === null) return burst.firstAt + CHANGES_MS;
  const settled = Math.min(burst.lastAt + SETTLE_MS, burst.arrivedAt + LATEST_MS);
  return lastStartedAt === null ? settled : Math.max(settled, lastStartedAt + DISTANCE_MS);
}
