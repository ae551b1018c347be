/**
 * When a message was received, which POP3 does not tell: the topmost Received field has it, put there by the
 * server that took the message in; else the date that its writer gave it; else now. Dates that can't be true
 * are passed over.
 */
import { headerField } from '../core/message/header-fields.js';
import { parseDateField } from '../core/message/mail-date.js';

const DAY_MS = 86_400_000;

/** Seconds since 1970 UTC. `now`: milliseconds since 1970. */
export function receivedDate(header: Uint8Array, now: number): number {
  const received = headerField(header, 'received');
  const candidates = [
    // RFC 5322 section 3.6.7: the date stands after the last semicolon.
    received === null ? null : received.slice(received.lastIndexOf(';') + 1),
    headerField(header, 'date'),
  ];
  for (const text of candidates) {
    const ms = text === null ? null : parseDateField(text);
    if (ms !== null && ms >= 0 && ms <= now + DAY_MS) return Math.floor(ms / 1000);
  }
  return Math.floor(now / 1000);
}
