// imapflow connections through which a test changes a server: quiet, without surprises (no IDLE, no compression, no
// IMAP4rev2), and all closed when their server goes.

import { ImapFlow } from 'imapflow';
import type { Login } from './server-state.js';

export class TestClients {
  readonly #open = new Set<ImapFlow>();

  async open({ port, user, password }: Login): Promise<ImapFlow> {
    const client = new ImapFlow({
      host: '127.0.0.1',
      port,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: password },
      disableIMAP4rev2: true,
      disableAutoIdle: true,
      disableCompression: true,
      logger: false,
    });
    // A cut connection also rejects the command under way; without a listener the event alone would end the process.
    client.on('error', () => {});
    client.on('close', () => this.#open.delete(client));
    this.#open.add(client);
    await client.connect();
    return client;
  }

  close(): void {
    for (const client of this.#open) client.close();
  }
}
