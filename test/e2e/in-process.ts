// A stage for what no real server can be made to do: the in-process server with a small account, and a mailkeep.

import { describe, test } from 'vitest';
import { type Lines, serverLines, storeState } from '../support/archive.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions, Tier } from '../support/imap-server/server-context.js';
import { ENGINES, type Engine, Mailkeep } from '../support/mailkeep.js';
import { markedMessage } from '../support/messages.js';
import { filled, TIERS } from './every-tier.js';

export const PASSWORD = 'Sesam-oeffne-dich-7f3a';

export interface Scene {
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly mailkeep: Mailkeep;
  readonly tier: Tier;
  readonly engine: Engine;
}

/** Runs the scene in the tiers and with both engines; the server's own defects fail the test. */
export function testScene(
  title: string,
  play: (scene: Scene) => Promise<void>,
  options: { readonly tiers?: readonly Tier[]; readonly server?: Partial<ServerOptions> } = {},
): void {
  describe.each(options.tiers ?? TIERS)('%s', (tier) => {
    test.each(ENGINES)(`${title} (%s)`, async (engine) => {
      await using server = await ImapServer.start({ users: { alice: PASSWORD }, tier, ...options.server });
      const account = { port: server.port, user: 'alice', password: PASSWORD, engine };
      await using mailkeep = await Mailkeep.create(account);
      await play({ server, store: server.store('alice'), mailkeep, tier, engine });
    });
  });
}

/** Messages that can all be told apart, of 300 to 8,000 octets, received a minute apart. */
export function put(store: MailStore, mailbox: string, count: number): void {
  const target = store.find(mailbox) ?? store.create(mailbox);
  for (let n = 0; n < count; n++) {
    const uid = target.uidNext;
    const filler = `${mailbox} ${uid} `.repeat((uid * 37) % 600);
    const body = Buffer.concat([markedMessage(`${mailbox} ${uid}`), Buffer.from(`${filler}\r\n`)]);
    const internalDate = { seconds: 1_500_000_000 + uid * 60, zone: 120 };
    target.append({ body, flags: uid % 3 === 0 ? ['\\Seen'] : [], internalDate });
  }
}

export function onServer(store: MailStore): Lines {
  return filled(serverLines(storeState(store)));
}
