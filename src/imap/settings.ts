/** How to reach one account's IMAP server. */
import type { ServerSettings } from '../net/server-settings.js';

export interface ImapSettings extends ServerSettings {
  readonly engine: 'wire' | 'imapflow';
  readonly compress: boolean;
  readonly connections: number;
}
