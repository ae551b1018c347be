/**
 * The composition root: from the configuration to adapters. Everything that is opened here is closed by
 * whoever opened it, in reverse order. imapflow and mailparser are loaded where they are used: together they
 * cost more than half of the start of a command that needs neither.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AccountConfig, Config } from './config/config.js';
import type { Environment } from './config/config-file.js';
import { loadConfig } from './config/load.js';
import { refuseUnsupported } from './config/not-yet.js';
import { ArchiveError, ConfigError } from './core/errors.js';
import { selects } from './core/mailbox-glob.js';
import type { Schedule, SourceFactory } from './core/ports.js';
import { parseQuery } from './core/query.js';
import type { SyncReport } from './core/report.js';
import { resolveSecret } from './credentials/configured.js';
import type { ImapSettings } from './imap/settings.js';
import { type RestoreReport, restore } from './jobs/restore.js';
import { selectMessages } from './jobs/select-messages.js';
import { syncAccount } from './jobs/sync-account.js';
import type { SyncPorts, SyncProgress } from './jobs/sync-context.js';
import { MaildirInventory } from './maildir/inventory.js';
import { MaildirStore } from './maildir/store.js';
import { cronSchedule } from './schedule/cron.js';
import { ArchiveReader } from './sqlite/archive-reader.js';
import { lockAccount } from './sqlite/lock.js';
import { openSyncIndex } from './sqlite/sync-index.js';

/** What comes from the process and not from the configuration. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: () => number;
  /** Hears what is risky but works. */
  readonly warn: (message: string) => void;
}

export function readConfig(
  around: Surroundings,
  options: { file: string | null; dataDir: string | null },
): Promise<Config> {
  return loadConfig({
    env: around.env,
    home: around.env.HOME ?? homedir(),
    workingFolder: around.cwd,
    file: options.file,
    dataDir: options.dataDir,
  });
}

export interface SyncRequest {
  readonly full: boolean;
  readonly dryRun: boolean;
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

export interface RestoreRequest {
  readonly query: readonly string[];
  /** Globs of --mailbox; empty for all. */
  readonly mailboxes: readonly string[];
  readonly prefix: readonly string[];
  readonly dryRun: boolean;
  readonly verify: boolean;
  readonly signal: AbortSignal;
}

export class Wiring {
  readonly config: Config;
  readonly #around: Surroundings;

  constructor(config: Config, around: Surroundings) {
    this.config = config;
    this.#around = around;
  }

  get now(): number {
    return this.#around.clock();
  }

  /** One run under the account's lock. Throws only where the archive itself can't be used. */
  async sync(account: AccountConfig, request: SyncRequest): Promise<SyncReport> {
    return this.#locked(account, 'sync', async (root) => {
      const index = openSyncIndex(join(root, 'index.db'));
      try {
        const ports: SyncPorts = {
          source: this.source(account),
          store: new MaildirStore(root),
          index,
          clock: this.#around.clock,
          digest: sha256,
        };
        return await syncAccount(ports, {
          account: account.name,
          selects: (path) => this.selects(account, request.mailboxes, path),
          full: request.full,
          dryRun: request.dryRun,
          guard: account.guard,
          signal: request.signal,
          onProgress: request.onProgress,
        });
      } finally {
        index.close();
      }
    });
  }

  /** Releases a hold of the mass-deletion guard; the reason it had, or null if there was none. */
  accept(account: AccountConfig): Promise<string | null> {
    this.reader(account).close();
    return this.#locked(account, 'accept', async (root) => {
      const index = openSyncIndex(join(root, 'index.db'));
      try {
        const reason = index.hold();
        if (reason !== null) index.accept();
        return reason;
      } finally {
        index.close();
      }
    });
  }

  /** Puts mail of one account's archive back on the server of another, or the same. */
  async restore(account: AccountConfig, to: AccountConfig, request: RestoreRequest): Promise<RestoreReport> {
    const query = parseQuery(request.query, { now: this.now, startOfLocalDay });
    const reader = this.reader(account);
    try {
      const { factsReader } = await import('./mime/facts.js');
      const store = this.store(account);
      const selections = await selectMessages(
        { archive: reader, store, facts: factsReader },
        {
          selects: (path) => this.selects(account, request.mailboxes, path),
          query,
          signal: request.signal,
        },
      );
      const { openRestoreTarget } = await import('./imap/restore-target.js');
      const target = await openRestoreTarget(this.imapSettings(to), request.signal, sha256);
      try {
        return await restore({ store, target, digest: sha256 }, selections, {
          to: to.name,
          prefix: request.prefix,
          sameServer: to.name === account.name,
          dryRun: request.dryRun,
          verify: request.verify,
          signal: request.signal,
        });
      } finally {
        await target.close();
      }
    } finally {
      reader.close();
    }
  }

  source(account: AccountConfig): SourceFactory {
    const settings = this.imapSettings(account);
    return {
      open: async (signal) => (await import('./imap/factory.js')).imapSourceFactory(settings).open(signal),
    };
  }

  /** Throws ConfigError for what this version can't do. */
  imapSettings(account: AccountConfig): ImapSettings {
    refuseUnsupported(account);
    return {
      account: account.name,
      host: account.host,
      port: account.port,
      tls: account.tls,
      ca: account.tlsCaFile === null ? null : readCa(account.tlsCaFile),
      user: account.user,
      password: async (signal) =>
        (
          await resolveSecret(account.credential, { env: this.#around.env, signal, warn: this.#around.warn })
        ).reveal(),
      engine: account.engine,
      compress: account.compress === 'on',
      connections: account.connections,
      silenceTimeout: 120_000,
      connectTimeout: 30_000,
    };
  }

  /** Throws ArchiveError `no_archive` where nothing was backed up yet. */
  reader(account: AccountConfig): ArchiveReader {
    return ArchiveReader.open(join(this.root(account), 'index.db'));
  }

  /** When the daemon would run this account next; null when its schedule is off. */
  nextRunAt(account: AccountConfig): number | null {
    return account.schedule === null ? null : cronSchedule.nextRunAt(account.schedule, account.timezone);
  }

  /** Whether a tick of the schedule has passed since the last run, or there was no run yet. */
  isOverdue(account: AccountConfig): boolean {
    const next = this.nextRunAt(account);
    if (next === null) return false;
    let lastRunAt: number | null;
    try {
      const reader = this.reader(account);
      lastRunAt = reader.status().lastReport?.startedAt ?? null;
      reader.close();
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'no_archive') return true;
      throw error;
    }
    // The distance between two ticks is taken from the next two; good enough to tell a missed one.
    return (
      lastRunAt === null ||
      this.now - lastRunAt > cronSchedule.intervalAfter(account.schedule!, account.timezone)
    );
  }

  inventory(account: AccountConfig): MaildirInventory {
    return new MaildirInventory(this.root(account));
  }

  store(account: AccountConfig): MaildirStore {
    return new MaildirStore(this.root(account));
  }

  root(account: AccountConfig): string {
    return join(this.config.dataDir, account.name);
  }

  selects(account: AccountConfig, globs: readonly string[], path: string): boolean {
    return (
      selects(path, account.folders) && (globs.length === 0 || selects(path, { include: globs, exclude: [] }))
    );
  }

  async #locked<T>(account: AccountConfig, command: string, work: (root: string) => Promise<T>): Promise<T> {
    const root = this.root(account);
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new ArchiveError(
        `cannot make ${root}: ${error instanceof Error ? error.message : String(error)}`,
        {
          code: 'io',
          hint: 'check data_dir in the config and the permissions above it',
          cause: error,
        },
      );
    }
    const since = new Date(this.#around.clock()).toISOString();
    const lock = lockAccount(join(root, 'lock.db'), account.name, { pid: process.pid, command, since });
    try {
      return await work(root);
    } finally {
      lock.release();
    }
  }
}

export function cronOf(): Schedule {
  return cronSchedule;
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** In the zone of this machine, where the person who asks lives. */
function startOfLocalDay(year: number, month: number, day: number): number {
  return new Date(year, month - 1, day).getTime();
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `cannot read tls_ca_file ${file}: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'name a PEM file with the certificate of the authority',
        cause: error,
      },
    );
  }
}
