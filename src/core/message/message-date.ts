/**
 * When a message was written, one rule for queries, lists and saved files: the Date field, unless it is
 * missing or claims a time after the message had arrived; then INTERNALDATE. Mail that was moved between
 * servers often carries the day of the move as INTERNALDATE, and mail that wants to stay on top of every
 * list carries a Date in the future.
 */

/** Clocks go wrong and zones are mistaken: milliseconds by which a Date field may be ahead. */
export const MAX_AHEAD = 24 * 3_600_000;

/** `field`: milliseconds since 1970 UTC; `receivedAt`: seconds. */
export function messageDate(field: number | null, receivedAt: number): number {
  const received = receivedAt * 1000;
  return field === null || field > received + MAX_AHEAD ? received : field;
}
