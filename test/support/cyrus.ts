// A private Cyrus IMAP server: QRESYNC, OBJECTID, LIST-STATUS, prefix "INBOX.", separator ".".

import { OverlayServer, type Recipe, whyNoOverlay } from './overlay-server.js';
import { describeWithServer } from './with-server.js';

const CYRUS: Recipe = {
  name: 'cyrus',
  packages: ['cyrus-imapd', 'sasl2-bin'],
  setup: 'cyrus.sh',
  users: ['alice', 'bob', 'carol'],
};

/** `users` log in with the password "pass". */
export function startCyrus(users: readonly string[] = CYRUS.users): Promise<OverlayServer> {
  return OverlayServer.start({ ...CYRUS, users });
}

/** `describe` for a suite on a real Cyrus: skipped in plain sight, or failed, where it can't run. */
export function describeWithCyrus(name: string, body: () => void): void {
  describeWithServer({ label: 'Cyrus', whyNot: () => whyNoOverlay(CYRUS) }, name, body);
}
