// Mailbox names as they are on the wire. A name is the raw bytes, kept as a latin1 string, and is never
// normalised: a hostile or broken name must reach the client exactly as a test wrote it. The one exception
// is INBOX, which is the same mailbox in any case (RFC 3501 5.1).

import { decodeModifiedUtf7, encodeModifiedUtf7 } from '../modified-utf7.js';

/** The path behind a modified UTF-7 name; undefined when the name is not valid modified UTF-7. */
export function decodeMailboxName(name: string): string | undefined {
  try {
    const path = decodeModifiedUtf7(name);
    return encodeModifiedUtf7(path) === name ? path : undefined;
  } catch {
    return undefined;
  }
}

/** INBOX in its one spelling, any other name unchanged. */
export function canonicalName(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}

/** The names above a name, outermost first: `a/b/c` has `a` and `a/b`. */
export function superiorNames(name: string, separator: string): string[] {
  const superiors: string[] = [];
  let at = name.indexOf(separator, 1);
  while (at > 0) {
    superiors.push(name.slice(0, at));
    at = name.indexOf(separator, at + separator.length);
  }
  return superiors;
}

/**
 * LIST pattern match (RFC 3501 6.3.8): `*` takes anything, `%` anything but the separator. Walks all
 * readings at once, so a hostile row of wildcards stays polynomial.
 */
export function matchesPattern(name: string, pattern: string, separator: string): boolean {
  if (canonicalName(pattern) === 'INBOX' && canonicalName(name) === 'INBOX') return true;
  let reachable = new Set([0]);
  for (const symbol of pattern) {
    const next = new Set<number>();
    for (const start of reachable) {
      if (symbol === '*' || symbol === '%') {
        for (let end = start; end <= name.length; end++) {
          next.add(end);
          if (symbol === '%' && name[end] === separator) break;
        }
      } else if (name[start] === symbol) {
        next.add(start + 1);
      }
    }
    reachable = next;
  }
  return reachable.has(name.length);
}
