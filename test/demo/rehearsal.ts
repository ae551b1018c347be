/**
 * What the steps of the demo share: the server, the temporary folder with config and archive, the stage. A
 * command that doesn't end as its step needs it to ends the demo.
 */
import { chmodSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { TrafficStats } from '../support/imap-server/traffic.js';
import { type CommandResult, runMailkeep, typed } from './run-mailkeep.js';
import { fillAccount, USER } from './sample-account.js';
import type { Stage } from './stage.js';

const PASSWORD = 'lamp-oil-and-salt';

export class Rehearsal {
  readonly stage: Stage;
  readonly folder: string;
  readonly configFile: string;
  readonly config: readonly string[];
  readonly #server: ImapServer;
  readonly #signal: AbortSignal;

  private constructor(stage: Stage, folder: string, server: ImapServer, signal: AbortSignal) {
    this.stage = stage;
    this.folder = folder;
    this.configFile = join(folder, 'config.yaml');
    this.config = [
      'data_dir: archive',
      'accounts:',
      '  - name: demo',
      '    host: 127.0.0.1',
      `    port: ${server.port}`,
      '    tls: none   # allowed on this machine only',
      `    user: ${USER}`,
      `    password: "${PASSWORD}"`,
    ];
    this.#server = server;
    this.#signal = signal;
  }

  static async open(stage: Stage, signal: AbortSignal): Promise<Rehearsal> {
    const server = await ImapServer.start({ users: { [USER]: PASSWORD }, objectId: true });
    fillAccount(server.store(USER));
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mailkeep-demo-')));
    const rehearsal = new Rehearsal(stage, folder, server, signal);
    writeFileSync(rehearsal.configFile, `${rehearsal.config.join('\n')}\n`, { mode: 0o600 });
    chmodSync(rehearsal.configFile, 0o600);
    return rehearsal;
  }

  get store(): MailStore {
    return this.#server.store(USER);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Of the last command alone. */
  get traffic(): TrafficStats {
    return this.#server.stats;
  }

  /** The account's folder in the archive. */
  get archive(): string {
    return join(this.folder, 'archive', 'demo');
  }

  /** Shows the command line and what it prints. Throws unless it ends with exit code 0. */
  async run(...words: string[]): Promise<CommandResult> {
    this.stage.command(typed(words));
    this.#server.stats.reset();
    const result = await runMailkeep(words, this.configFile, this.#signal);
    this.stage.output(result.output);
    if (result.code !== 0)
      throw new Error(`${typed(words)} ended with exit code ${result.code} instead of 0`);
    return result;
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
