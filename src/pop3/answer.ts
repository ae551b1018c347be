/** What may come as the answer to one command, and who takes it. */
import type { Emit } from './dot-unstuffer.js';

/** What follows a +OK: nothing, a request for more (RFC 5034), lines, or octets. */
export type Answer =
  | { readonly kind: 'line' }
  | { readonly kind: 'exchange'; readonly asked: (challenge: string) => void }
  | { readonly kind: 'lines'; readonly most: number; readonly take: (line: string) => void }
  | { readonly kind: 'octets'; readonly body: BodyTaker };

/** Takes the octets of one multi-line answer. */
export interface BodyTaker {
  write: Emit;
  /** All has come; `lastLine` tells whether a CR LF that ends the last line was held back. */
  end(lastLine: boolean): void | Promise<void>;
}
