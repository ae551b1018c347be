// getmail in a folder of its own: all messages into one Maildir, nothing deleted, nothing added to them.

import { chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PASSWORD } from '../test/support/dovecot-config.js';
import { type Reach, setAside } from './contestants.js';
import type { Command } from './measured.js';

/** getmail delivers nothing as root, nor as a user without a name. */
const IS_ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;

export class GetmailHome {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(reach: Reach): Promise<GetmailHome> {
    const home = new GetmailHome(await mkdtemp(join(tmpdir(), 'mailkeep-bench-getmail-')));
    const lines = [
      '[retriever]',
      'type = SimplePOP3Retriever',
      'server = 127.0.0.1',
      `port = ${reach.port}`,
      `username = ${reach.user}`,
      `password = ${PASSWORD}`,
      '[destination]',
      'type = Maildir',
      `path = ${home.#mail}/`,
      '[options]',
      'verbose = 0',
      'read_all = false',
      'delete = false',
      'received = false',
      'delivered_to = false',
      '',
    ];
    await writeFile(join(home.#folder, 'getmailrc'), lines.join('\n'), { mode: 0o600 });
    await home.forget();
    return home;
  }

  command(): Command {
    const args = ['--getmaildir', this.#folder, '--rcfile', 'getmailrc'];
    if (!IS_ROOT) return { program: 'getmail', args, folder: this.#folder };
    const owner = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    return { program: 'setpriv', args: [...owner, 'getmail', ...args], folder: this.#folder };
  }

  /** Its list of messages seen as well. */
  async forget(): Promise<void> {
    await setAside(this.#mail);
    for (const name of await readdir(this.#folder))
      if (name.startsWith('oldmail-')) await rm(join(this.#folder, name));
    for (const part of ['cur', 'new', 'tmp']) await mkdir(join(this.#mail, part), { recursive: true });
    if (!IS_ROOT) return;
    for (const path of ['', 'getmailrc', 'mail', 'mail/cur', 'mail/new', 'mail/tmp'])
      await chown(join(this.#folder, path), NOBODY, NOBODY);
  }

  async countMessages(): Promise<number> {
    return (await readdir(join(this.#mail, 'new'))).length;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #mail(): string {
    return join(this.#folder, 'mail');
  }
}
