/**
 * Labels that a server keeps with a message beside its flags (X-GM-LABELS), in one canonical form: a JSON
 * array of the decoded names, sorted, no duplicates. The text is the identity of the set. System labels
 * begin with a backslash (`\Inbox`, `\Important`); a mailbox leaves its own label out of what it tells.
 */

/** '[]' for a message that carries none, which is not the same as one whose labels nobody told. */
export function canonicalLabels(names: Iterable<string>): string {
  return JSON.stringify([...new Set(names)].sort());
}

export function labelList(canonical: string): string[] {
  return JSON.parse(canonical) as string[];
}
