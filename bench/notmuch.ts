// notmuch on the Maildir of a mailkeep archive: what else indexes mail on a disk.

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MailkeepHome, SOURCE, setAside } from './contestants.js';
import type { Command } from './measured.js';
import type { Setting } from './setting.js';

/** Reads the Maildir of a mailkeep archive, renames nothing in it, and keeps its database elsewhere. */
export class Notmuch {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Null where there is none on this machine. */
  static async make(setting: Setting, home: MailkeepHome): Promise<Notmuch | null> {
    try {
      execFileSync('notmuch', ['--version']);
    } catch {
      return null;
    }
    const folder = await mkdtemp(join(tmpdir(), 'mailkeep-bench-notmuch-'));
    const peer = setting.owned(new Notmuch(folder), (it) => it.#remove());
    const lines = [
      '[database]',
      `path=${join(folder, DATABASE)}`,
      `mail_root=${join(home.folder, 'data', SOURCE, 'mail')}`,
      '[maildir]',
      'synchronize_flags=false',
      '',
    ];
    await writeFile(join(folder, '.notmuch-config'), lines.join('\n'));
    await mkdir(join(folder, DATABASE));
    return peer;
  }

  /** Octets of its database. */
  async size(): Promise<number> {
    return sizeOf(join(this.#folder, DATABASE));
  }

  command(...args: string[]): Command {
    return { program: 'notmuch', args, folder: this.#folder };
  }

  async forget(): Promise<void> {
    await setAside(join(this.#folder, DATABASE));
    // It makes none where the config names one.
    await mkdir(join(this.#folder, DATABASE));
  }

  async #remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const DATABASE = 'database';

async function sizeOf(folder: string): Promise<number> {
  let octets = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) octets += (await stat(join(entry.parentPath, entry.name))).size;
  return octets;
}
