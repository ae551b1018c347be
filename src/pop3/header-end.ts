/** Where a header block ends: after the first empty line, CRs in it ignored, as the archive hashes it. */

/** Octets up to and including the empty line; null where it has not come yet. */
export function headerLength(octets: Buffer): number | null {
  let lineStart = 0;
  while (lineStart < octets.length) {
    const lf = octets.indexOf(0x0a, lineStart);
    if (lf === -1) return null;
    let at = lineStart;
    while (octets[at] === 0x0d) at += 1;
    if (at === lf) return lf + 1;
    lineStart = lf + 1;
  }
  return null;
}
