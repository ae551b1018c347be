/**
 * Where a probe looks into a message that is too large to be read whole. The places are drawn anew for each
 * run, so that nobody can make a message that differs from another one only where a probe does not look.
 * Messages of like size (up to the same power of two) share their places: one command asks many of them.
 */

/** Octets of each slice: of the body's start, of the message's end, and of each place in between. */
export const PROBE_SLICE = 1024;
const PLACES = 16;

/** Fractions from 0 to below 1. */
export function choosePlaces(random: () => number): number[] {
  return Array.from({ length: PLACES }, random);
}

/**
 * Offsets in a message of so many octets, ascending, so that the slices are an eighth of it at most. Of the
 * places at least half lie in it on average.
 */
export function sliceOffsets(size: number, places: readonly number[]): number[] {
  const range = 2 ** Math.ceil(Math.log2(Math.max(1, size)));
  const some = places.slice(0, Math.floor(range / PROBE_SLICE / 8));
  const offsets = new Set(some.map((place) => Math.floor(place * range)));
  return [...offsets].filter((offset) => offset < size - PROBE_SLICE).sort((a, b) => a - b);
}
