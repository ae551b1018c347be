/**
 * A file's mtime as INTERNALDATE. Servers have dates that a file system can't hold, and it then takes the nearest:
 * ext4 begins in 1901 and ends in 2446, others end with 32 bits in 2038. The name of the file carries the date.
 */

const FIRST = -0x8000_0000;
const LAST_OF_32_BITS = 0x7fff_ffff;

/** Both in seconds since 1970. Whether the file has the date, or the nearest that its file system knows. */
export function isDatedAs(modified: number, receivedAt: number): boolean {
  if (modified === receivedAt) return true;
  if (receivedAt < FIRST) return modified === FIRST;
  return receivedAt > modified && modified >= LAST_OF_32_BITS;
}
