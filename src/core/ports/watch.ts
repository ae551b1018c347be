/** What the daemon needs to hear at once of new mail. */
import type { News } from '../daemon/burst.js';

export interface WatchEvents {
  /** The mailbox is heard from now on. What happened before is not told: a run has to look. */
  watching(mailbox: string): void;
  /** The server can't watch this mailbox, or has none of that name; the others go on. */
  refused(mailbox: string, reason: string): void;
  news(mailbox: string, news: News): void;
}

/** Listens to mailboxes of one account, over connections of its own. Never alters anything there. */
export interface Watcher {
  /**
   * Listens until the signal fires, then resolves. Resolves to `unsupported` where the server has no way to
   * tell. Throws AccountError or CredentialsError when the server can't be reached, and when a connection
   * is lost or has been silent for too long. May be called again after it has ended.
   */
  watch(
    mailboxes: readonly string[],
    events: WatchEvents,
    signal: AbortSignal,
  ): Promise<'stopped' | 'unsupported'>;
}
