/** A SHA-256 of what comes in pieces. */
export interface RunningHash {
  update(octets: Uint8Array): void;
  /** Lower-case hex; once, at the end. */
  hex(): string;
}
