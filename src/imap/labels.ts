/**
 * X-GM-LABELS as servers spell them. A label is a mailbox's name and encoded like one: modified UTF-7, or
 * UTF-8 once that is enabled.
 */
import { canonicalLabels } from '../core/mailbox/labels.js';
import { decodeMailboxName } from './wire/mailbox-name.js';

/** The wire hands out one frozen array for each distinct spelling. */
const CANONICAL = new WeakMap<readonly string[], string>();

/** Canonical labels of raw ones (one char per octet). */
export function labelsOf(raw: readonly string[], utf8: boolean): string {
  let canonical = CANONICAL.get(raw);
  if (canonical === undefined) {
    canonical = canonicalLabels(raw.map((label) => decodeMailboxName(label, utf8).text));
    CANONICAL.set(raw, canonical);
  }
  return canonical;
}
