// The servers that the contract is held against, behind one face, and a link to them that notes what a client says.

import type { ImapFlow } from 'imapflow';
import { describe } from 'vitest';
import type { Source, Tier } from '../../src/core/ports/source.js';
import { imapSourceFactory } from '../../src/imap/factory.js';
import type { ImapSettings } from '../../src/imap/settings.js';
import { USUAL_TRUST } from '../../src/net/tls-trust.js';
import { describeWithCourier, startCourier } from '../support/courier.js';
import { describeWithCyrus, startCyrus } from '../support/cyrus.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { FLAG_OF_LETTER } from '../support/flag-letters.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';
import type { MaildirMessage } from '../support/maildir-writer.js';
import type { Engine } from '../support/mailkeep.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';
import type { RealServer } from '../support/real-server.js';
import { readServerState, type ServerState } from '../support/server-state.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { TestClients } from '../support/test-clients.js';

export type Backend = Pick<RealServer, 'port' | 'password' | 'putMessages' | 'state' | 'client' | 'stop'>;

export interface BackendKind {
  readonly name: string;
  readonly tier: Tier;
  readonly separator: string;
  readonly prefix: string;
  /** Whether messages have EMAILID. */
  readonly identity: boolean;
  /** Names that the server itself can't bear. */
  readonly refuses: RegExp | null;
  /** `describe`, skipped in plain sight where the server can't run. */
  readonly describe: (name: string, body: () => void) => void;
  readonly start: (users: readonly string[]) => Promise<Backend>;
}

const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];
const SLASH = { separator: '/', prefix: '', identity: false, refuses: null };
const INBOX_DOT = { separator: '.', prefix: 'INBOX.' };

export const CYRUS: BackendKind = {
  ...INBOX_DOT,
  name: 'Cyrus',
  tier: 'qresync',
  identity: true,
  refuses: /%/,
  describe: describeWithCyrus,
  start: startCyrus,
};

export const COURIER: BackendKind = {
  ...INBOX_DOT,
  name: 'Courier',
  tier: 'plain',
  identity: false,
  // It hangs up on a LIST without UTF8=ACCEPT that would have to show one.
  refuses: /😀/u,
  describe: describeWithCourier,
  start: startCourier,
};

export const BACKENDS: readonly BackendKind[] = [
  ...TIERS.map((tier) => ({
    ...SLASH,
    name: `Dovecot ${tier}`,
    tier,
    describe: describeWithDovecot,
    start: () => Dovecot.start({ tier }),
  })),
  CYRUS,
  COURIER,
  ...TIERS.map((tier) => ({
    ...SLASH,
    name: `the in-process server, ${tier}`,
    tier,
    describe,
    start: (users: readonly string[]) => InProcess.start({ users: passwords(users), tier }),
  })),
];

function passwords(users: readonly string[]): Record<string, string> {
  return Object.fromEntries(users.map((user) => [user, 'pass']));
}

/** The in-process server as the real ones look to a test. */
class InProcess implements Backend {
  readonly password = 'pass';
  readonly #server: ImapServer;
  readonly #clients = new TestClients();

  private constructor(server: ImapServer) {
    this.#server = server;
  }

  static async start(options: ServerOptions): Promise<InProcess> {
    return new InProcess(await ImapServer.start(options));
  }

  get port(): number {
    return this.#server.port;
  }

  async putMessages(user: string, path: string, messages: readonly MaildirMessage[]): Promise<void> {
    const store = this.#server.store(user);
    const name = encodeModifiedUtf7(path);
    const mailbox = store.find(name) ?? store.create(name);
    for (const { body, flags = '', internalDate } of messages) {
      mailbox.append({
        body,
        flags: [...flags].map((letter) => FLAG_OF_LETTER[letter]!),
        ...(internalDate === undefined ? {} : { internalDate: { seconds: internalDate, zone: -210 } }),
      });
    }
  }

  state(user: string): Promise<ServerState> {
    return readServerState({ port: this.port, user, password: this.password });
  }

  client(user: string): Promise<ImapFlow> {
    return this.#clients.open({ port: this.port, user, password: this.password });
  }

  async stop(): Promise<void> {
    this.#clients.close();
    await this.#server.close();
  }
}

export function settingsFor(
  server: Pick<Backend, 'port' | 'password'>,
  user: string,
  engine: Engine,
): ImapSettings {
  return {
    account: 'test',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    trust: USUAL_TRUST,
    proxy: null,
    user,
    login: { kind: 'password', ask: async () => server.password },
    engine,
    compress: false,
    connections: 1,
    silenceTimeout: 30_000,
    connectTimeout: 10_000,
  };
}

export function openSource(settings: ImapSettings): Promise<Source> {
  return imapSourceFactory(settings).open(new AbortController().signal);
}

export interface RecordingLink extends TcpProxy {
  /** What clients said since the start, latin1. */
  said(): string;
}

/** A link that changes nothing and keeps what clients say. */
export async function startRecordingLink(port: number): Promise<RecordingLink> {
  const chunks: Buffer[] = [];
  const proxy = await startTcpProxy({ port }, ({ client, server }) => {
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    client.pipe(server);
    server.pipe(client);
  });
  return { ...proxy, said: () => Buffer.concat(chunks).toString('latin1') };
}
