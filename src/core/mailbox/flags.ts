/**
 * IMAP flags in one canonical form: system flags in their RFC 9051 spelling, keywords as the server
 * spells them, sorted, no duplicates (flags are compared without case), `\Recent` dropped because it
 * belongs to a session and not to the message. The text form (joined by one space) is the identity.
 */

const SYSTEM_FLAGS = new Map(
  ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'].map((flag) => [flag.toLowerCase(), flag]),
);

/** Canonical flags joined by one space; '' for none. Cheap for the common short lists. */
export function canonicalFlags(flags: Iterable<string>): string {
  const byKey = new Map<string, string>();
  for (const flag of flags) {
    const key = flag.toLowerCase();
    if (key === '\\recent' || flag === '' || byKey.has(key)) continue;
    byKey.set(key, SYSTEM_FLAGS.get(key) ?? flag);
  }
  return [...byKey.values()].sort(byCodeUnit).join(' ');
}

export function flagList(canonical: string): string[] {
  return canonical === '' ? [] : canonical.split(' ');
}

/** One of the five that every server has; other flags with a backslash are a server's own. */
export function isSystemFlag(flag: string): boolean {
  return SYSTEM_FLAGS.has(flag.toLowerCase());
}

/** Keywords are the flags without a backslash: `$Forwarded`, `Junk`, `work`. */
export function isKeyword(flag: string): boolean {
  return !flag.startsWith('\\');
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
