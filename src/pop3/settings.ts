/** How to reach one account's POP3 server. */
import type { ServerSettings } from '../net/server-settings.js';

export interface Pop3Settings extends ServerSettings {
  /** Whether stored messages may be deleted from the server. */
  readonly mayDelete: boolean;
  /** Hears of what the server does wrong and what it costs. */
  readonly warn: (message: string) => void;
  /** Milliseconds since 1970, for messages that tell no date. */
  readonly clock: () => number;
}
