/** What a mailbox's LIST attributes say; servers write them in any case (RFC 9051 7.3.1, RFC 6154). */

const SPECIAL_USE = /^\\(all|archive|drafts|flagged|junk|sent|trash|important)$/i;
const NOT_SELECTABLE = /^\\(noselect|nonexistent)$/i;

/** false: the name is structure only. */
export function isSelectable(attributes: readonly string[]): boolean {
  return !attributes.some((attribute) => NOT_SELECTABLE.test(attribute));
}

/** `\Sent`, `\Trash`, ... as the server spells it, or null. */
export function specialUseOf(attributes: readonly string[]): string | null {
  return attributes.find((attribute) => SPECIAL_USE.test(attribute)) ?? null;
}
