// What every real test server offers, whichever program it is: suites that run on several take this.

import type { ImapFlow } from 'imapflow';
import type { MaildirMessage } from './maildir-writer.js';
import type { ServerState } from './server-state.js';

export interface RealServer {
  readonly host: '127.0.0.1';
  /** Cleartext. */
  readonly port: number;
  /** The same for every user. */
  readonly password: string;
  /** Adds messages in the order given; the mailbox is created where it is missing. Paths are the server's own. */
  putMessages(user: string, mailbox: string, messages: readonly MaildirMessage[]): Promise<void>;
  /** All that the server holds for the user, as it tells it. */
  state(user: string): Promise<ServerState>;
  /** A connected imapflow for changing things; closed with the server at the latest. */
  client(user: string): Promise<ImapFlow>;
  /** Ends the server and every connection; the mail stays. */
  down(): Promise<void>;
  /** Starts the server again after `down()`, on the same port. */
  up(): Promise<void>;
  restart(): Promise<void>;
  /** The end of the server's log. */
  log(): Promise<string>;
  /** Stops the server and removes all it held. May be called twice. */
  stop(): Promise<void>;
}
