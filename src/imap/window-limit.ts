/**
 * Servers that show only the newest messages of a mailbox and say nothing of it. What falls out of such a
 * window has not been deleted, so a full window is never taken for the whole mailbox.
 */

/** Yahoo and AOL show 10,000 messages a mailbox (Yahoo's help page SLN28681). */
const YAHOO = { messages: 10_000, hint: 'export.imap.mail.yahoo.com shows all of them' };

const HOSTS: readonly (readonly [RegExp, { readonly messages: number; readonly hint: string }])[] = [
  [/^imap\.(mail\.)?(yahoo|aol)\.(com|[a-z]{2}|co\.[a-z]{2})$/i, YAHOO],
];

export interface WindowLimit {
  readonly messages: number;
  readonly hint: string;
}

/** null for a server that shows everything. */
export function windowLimitOf(host: string): WindowLimit | null {
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1] ?? null;
}

/** Why the observation can't be the whole mailbox, or null. */
export function windowProblem(exists: number, limit: WindowLimit | null): string | null {
  if (limit === null || exists < limit.messages) return null;
  return `the server shows only the newest ${limit.messages.toLocaleString('en')} messages; ${limit.hint}`;
}
