// An account on the in-process server and its backup: what tests of odd servers have in common.

import { expect } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';
import type { Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, type BackupSettings, filled } from './backup.js';

export class Play {
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly backup = new Backup();
  readonly #engine: Engine;

  private constructor(server: ImapServer, engine: Engine) {
    this.server = server;
    this.store = server.store('alice');
    this.#engine = engine;
  }

  static async start(engine: Engine, options: Partial<ServerOptions> = {}): Promise<Play> {
    return new Play(await ImapServer.start({ users: { alice: 'pass' }, ...options }), engine);
  }

  /** Also makes the mailbox where there is none. */
  put(name: string, count: number, seed: number): void {
    const mailbox = this.store.find(name) ?? this.store.create(name);
    for (const { body, internalDate } of makeMessages({ seed, count, medianBytes: 500 }))
      mailbox.append({ body, internalDate: { seconds: internalDate, zone: 0 } });
  }

  sync(options: Partial<BackupSettings> = {}) {
    return this.backup.sync({
      ...settingsFor({ port: this.server.port, password: 'pass' }, 'alice', this.#engine),
      ...options,
    });
  }

  expectSame(): void {
    expect(this.backup.lines()).toEqual(filled(serverLines(storeState(this.store))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
    await this.server.close();
  }
}
