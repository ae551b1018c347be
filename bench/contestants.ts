// The two programs in folders of their own, each with a config for one and the same server.

import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from '../test/support/dovecot-config.js';
import type { Command } from './measured.js';

export const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

export interface Reach {
  readonly port: number;
  readonly user: string;
  /** Default: imap. */
  readonly protocol?: 'imap' | 'pop3';
  /** PEM file of the authority to trust: TLS from the first octet. Without it nothing is encrypted. */
  readonly caFile?: string;
  /** mailkeep's `rate_limit`. */
  readonly rateLimit?: string;
}

export class MailkeepHome {
  readonly folder: string;
  readonly #accounts = new Map<string, Reach>();

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(reach: Reach): Promise<MailkeepHome> {
    const home = new MailkeepHome(await mkdtemp(join(tmpdir(), 'mailkeep-bench-')));
    await home.setAccount(SOURCE, reach);
    return home;
  }

  /** Adds an account to the config, or gives it another server. */
  async setAccount(name: string, reach: Reach): Promise<void> {
    this.#accounts.set(name, reach);
    const accounts = [...this.#accounts].map(([account, { port, user, caFile, protocol, rateLimit }]) => ({
      name: account,
      ...(rateLimit === undefined ? {} : { rate_limit: rateLimit }),
      ...(protocol === undefined ? {} : { protocol }),
      host: '127.0.0.1',
      port,
      tls: caFile === undefined ? 'none' : 'implicit',
      ...(caFile === undefined ? {} : { tls_ca_file: caFile }),
      user,
      password: PASSWORD,
    }));
    const config = { data_dir: 'data', schedule: 'off', accounts };
    // JSON is YAML.
    await writeFile(join(this.folder, 'config.yaml'), JSON.stringify(config), { mode: 0o600 });
  }

  command(...args: string[]): Command {
    const config = join(this.folder, 'config.yaml');
    return { program: process.execPath, args: [MAIN, '--config', config, ...args], folder: this.folder };
  }

  /** The archive is gone, the config stays. */
  async forget(): Promise<void> {
    await setAside(join(this.folder, 'data'));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The account that is backed up. */
export const SOURCE = 'source';

export class MbsyncHome {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(): Promise<MbsyncHome> {
    const home = new MbsyncHome(await mkdtemp(join(tmpdir(), 'mailkeep-bench-mbsync-')));
    await mkdir(join(home.folder, 'mail'));
    return home;
  }

  /** INTERNALDATE is kept, as mailkeep keeps it; everything else is mbsync's default. */
  async configure(
    reach: Reach,
    options: { fsync?: boolean; direction?: 'Pull' | 'Push' } = {},
  ): Promise<void> {
    const { port, user, caFile } = reach;
    const { fsync = true, direction = 'Pull' } = options;
    const mail = join(this.folder, 'mail');
    const lines = [
      ...(fsync ? [] : ['FSync no', '']),
      'IMAPAccount account',
      // Its check of certificates knows names only.
      `Host ${caFile === undefined ? '127.0.0.1' : 'localhost'}`,
      `Port ${port}`,
      `User ${user}`,
      `Pass ${PASSWORD}`,
      ...(caFile === undefined ? ['SSLType None'] : ['SSLType IMAPS', `CertificateFile ${caFile}`]),
      '',
      'IMAPStore server',
      'Account account',
      '',
      'MaildirStore local',
      `Path ${mail}/`,
      `Inbox ${mail}/INBOX`,
      'SubFolders Verbatim',
      '',
      'Channel backup',
      'Far :server:',
      'Near :local:',
      'Patterns *',
      `Create ${direction === 'Pull' ? 'Near' : 'Far'}`,
      `Sync ${direction}`,
      'SyncState *',
      'CopyArrivalDate yes',
      '',
    ];
    await writeFile(join(this.folder, 'mbsyncrc'), lines.join('\n'), { mode: 0o600 });
  }

  command(): Command {
    return {
      program: 'mbsync',
      args: ['-c', join(this.folder, 'mbsyncrc'), '-a', '-q'],
      folder: this.folder,
    };
  }

  async forget(): Promise<void> {
    await setAside(join(this.folder, 'mail'));
    await mkdir(join(this.folder, 'mail'));
  }

  /** Takes another home's mail, without what mbsync knows of a server. */
  async copyMail(from: MbsyncHome): Promise<void> {
    await this.forget();
    await cp(join(from.folder, 'mail'), join(this.folder, 'mail'), {
      recursive: true,
      filter: (path) => !/\/\.mbsyncstate[^/]*$/.test(path),
    });
  }

  async countMessages(): Promise<number> {
    let count = 0;
    const mail = join(this.folder, 'mail');
    for (const entry of await readdir(mail, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && /\/(?:cur|new)$/.test(entry.parentPath)) count += 1;
    }
    return count;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What is missing before mailkeep itself can run; null when nothing is. */
export function whyNotMailkeep(): string | null {
  return existsSync(MAIN) ? null : 'dist/main.js is missing: npm run build makes it';
}

/**
 * Out of the way until the home is removed at the end of the bench. Deleting thousands of files makes the
 * fsyncs of the next minute cost several times as much (ext4 gives the blocks back while it commits), which
 * hits whoever comes next.
 */
export async function setAside(folder: string): Promise<void> {
  if (existsSync(folder)) await rename(folder, await mkdtemp(`${folder}-set-aside-`));
}
