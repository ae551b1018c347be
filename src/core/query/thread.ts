/**
 * Which messages belong to one conversation: those that name each other in References or In-Reply-To, or name
 * the same message, which need not be here.
 */

export interface ThreadLink {
  readonly sha256: string;
  /** Without angle brackets. */
  readonly messageId: string | null;
  readonly references: readonly string[];
}

/** More than anybody reads; a forged reference that ties strangers together stops here. */
const MAX_THREAD = 2_000;

/** Hashes of the messages of the conversation that holds this one, in the order of the links. */
export function threadOf(sha256: string, links: readonly ThreadLink[]): string[] {
  const byId = new Map<string, ThreadLink[]>();
  for (const link of links) {
    for (const id of idsOf(link)) {
      const same = byId.get(id);
      if (same === undefined) byId.set(id, [link]);
      else same.push(link);
    }
  }
  const found = new Set([sha256]);
  const seen = new Set<string>();
  const pending = links.filter((link) => link.sha256 === sha256).flatMap(idsOf);
  for (let id = pending.pop(); id !== undefined && found.size < MAX_THREAD; id = pending.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    for (const link of byId.get(id) ?? []) {
      found.add(link.sha256);
      pending.push(...idsOf(link));
    }
  }
  return [...new Set(links.map((link) => link.sha256))].filter((each) => found.has(each));
}

function idsOf({ messageId, references }: ThreadLink): string[] {
  return messageId === null ? [...references] : [messageId, ...references];
}
