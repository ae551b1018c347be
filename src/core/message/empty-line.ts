/** Where a header block ends: with the first empty line, CRs in it ignored, over chunks of any size. */
export class EmptyLine {
  /** Whether the octet before was the LF that ends a line, CRs since then ignored. */
  #lineStart = true;

  /** Index after the LF of the empty line, or -1. */
  endIn(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#lineStart) {
        const octet = chunk[at]!;
        at += 1;
        if (octet === LF) return at;
        if (octet !== CR) this.#lineStart = false;
      } else {
        const lf = chunk.indexOf(LF, at);
        if (lf === -1) return -1;
        at = lf + 1;
        this.#lineStart = true;
      }
    }
    return -1;
  }
}

const LF = 0x0a;
const CR = 0x0d;
