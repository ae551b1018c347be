/**
 * A share of an archive's content, chosen by hash: `--read-data=10%` reads a tenth, and the next time the
 * tenth behind it. Shares that follow each other cover everything, whatever comes and goes meanwhile.
 */

/** Hundredths of a percent: the circle that shares go round. */
const CIRCLE = 10_000;

export interface DataShare {
  /** Where on the circle it begins, 0 to 9999. */
  readonly from: number;
  /** How much of the circle it takes, 1 to 10000. */
  readonly width: number;
}

/** "10%", "0.5 %", "100%" as a width; undefined for anything else. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,2})?) ?%$/.exec(text);
  const width = match === null ? 0 : Math.round(Number(match[1]) * (CIRCLE / 100));
  return width >= 1 && width <= CIRCLE ? width : undefined;
}

export function isInShare(sha256: string, { from, width }: DataShare): boolean {
  const at = Math.floor((Number.parseInt(sha256.slice(0, 8), 16) / 2 ** 32) * CIRCLE);
  return (at - from + CIRCLE) % CIRCLE < width;
}

/** Where the share after this one begins. */
export function nextShare({ from, width }: DataShare): number {
  return (from + width) % CIRCLE;
}
