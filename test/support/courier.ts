// A private Courier-IMAP: neither CONDSTORE nor LITERAL+, prefix "INBOX.", a new UIDVALIDITY at each RENAME.

import { OverlayServer, type Recipe, whyNoOverlay } from './overlay-server.js';
import { describeWithServer } from './with-server.js';

const COURIER: Recipe = {
  name: 'courier',
  packages: ['courier-imap'],
  setup: 'courier.sh',
  users: ['alice', 'bob', 'carol'],
};

/** `users` log in with the password "pass". */
export function startCourier(users: readonly string[] = COURIER.users): Promise<OverlayServer> {
  return OverlayServer.start({ ...COURIER, users });
}

/** `describe` for a suite on a real Courier: skipped in plain sight, or failed, where it can't run. */
export function describeWithCourier(name: string, body: () => void): void {
  describeWithServer({ label: 'Courier', whyNot: () => whyNoOverlay(COURIER) }, name, body);
}
