/** A restore drill: what it drew, what came back right, and what did not. */

export interface DrillReport {
  /** Files that the rebuilt index has, and that the archive's own has: a sync in between may make them differ. */
  readonly rebuilt: number;
  readonly indexed: number;
  readonly sampled: number;
  readonly restored: number;
  readonly failed: readonly {
    readonly mailbox: string;
    readonly uid: number;
    readonly file: string;
    readonly reason: string;
  }[];
}

/**
 * `count` numbers below `total`, each as likely as any other, ascending; all of them where there are fewer.
 * `random` gives numbers from 0 up to but not including 1. Floyd's algorithm: its cost is that of the sample.
 */
export function drawNumbers(total: number, count: number, random: () => number): number[] {
  if (count >= total) return Array.from({ length: total }, (_, at) => at);
  const drawn = new Set<number>();
  for (let last = total - count; last < total; last++) {
    const number = Math.floor(random() * (last + 1));
    drawn.add(drawn.has(number) ? last : number);
  }
  return [...drawn].sort((a, b) => a - b);
}
