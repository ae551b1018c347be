/**
 * The composition root: from the configuration to adapters; the files beside it tie one job each to them.
 * Everything that is opened here is closed by whoever opened it, in reverse order. imapflow and mailparser are loaded where they are used: together they
 * cost more than half of the start of a command that needs neither.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig, Config } from '../config/config.js';
import { ArchiveError, ConfigError, throwIfAborted } from '../core/errors.js';
import { selects } from '../core/mailbox/mailbox-glob.js';
import { pause } from '../core/pause.js';
import type { Schedule } from '../core/ports/schedule.js';
import type { SourceFactory } from '../core/ports/source.js';
import type { Activity } from '../core/report-json.js';
import { fileProblem } from '../core/text/file-problem.js';
import type { ImapSettings } from '../imap/settings.js';
import { MaildirReader } from '../maildir/reader.js';
import { expiryWarning } from '../net/certificate.js';
import type { ServerSettings } from '../net/server-settings.js';
import type { Pop3Settings } from '../pop3/settings.js';
import { cronSchedule } from '../schedule/cron.js';
import { ArchiveReader, type LastRun } from '../sqlite/archive-reader.js';
import { type AccountLock, lockAccount, lockHolder } from '../sqlite/lock.js';
import { loginOf } from './login.js';
import type { Surroundings } from './surroundings.js';
import { proxyOf, trustOf } from './trust.js';

export class Wiring {
  readonly config: Config;
  readonly #around: Surroundings;

  constructor(config: Config, around: Surroundings) {
    this.config = config;
    this.#around = around;
  }

  /** The same, with another ear for what is risky but works. */
  warningTo(warn: (message: string) => void): Wiring {
    return new Wiring(this.config, { ...this.#around, warn });
  }

  get around(): Surroundings {
    return this.#around;
  }

  get clock(): () => number {
    return this.#around.clock;
  }

  get now(): number {
    return this.#around.clock();
  }

  warn(message: string): void {
    this.#around.warn(message);
  }

  source(account: AccountConfig): SourceFactory {
    if (account.protocol === 'pop3') {
      const settings = this.pop3Settings(account);
      return {
        open: async (signal) =>
          (await import('../pop3/factory.js')).pop3SourceFactory(settings, pause).open(signal),
      };
    }
    const settings = this.imapSettings(account);
    return {
      open: async (signal) => (await import('../imap/factory.js')).imapSourceFactory(settings).open(signal),
    };
  }

  /** Throws ConfigError for an account that has no IMAP, and for files that can't be read. */
  imapSettings(account: AccountConfig): ImapSettings {
    if (account.protocol !== 'imap') {
      throw new ConfigError(`${account.name} is a POP3 account, and POP3 only gives mail out`, {
        hint: 'nothing was sent; name an account with protocol: imap, such as restore NAME --to OTHER',
      });
    }
    const { engine, compress, connections } = account;
    return { ...this.#serverSettings(account), engine, compress: compress === 'on', connections };
  }

  /** Throws ConfigError for files that can't be read. */
  pop3Settings(account: AccountConfig): Pop3Settings {
    const mayDelete = account.pop3.deleteAfterMs !== null;
    return { ...this.#serverSettings(account), mayDelete, warn: this.#around.warn, clock: this.clock };
  }

  #serverSettings(account: AccountConfig): ServerSettings {
    return {
      account: account.name,
      host: account.host,
      port: account.port,
      tls: account.tls,
      trust: trustOf(account),
      proxy: proxyOf(account),
      user: account.user,
      login: loginOf(account, this.root(account), this.#around),
      silenceTimeout: 120_000,
      connectTimeout: 30_000,
      onCertificate: (facts) => {
        const { certificateEnds } = this.#around;
        const isNew = certificateEnds.get(account.name) !== facts.validTo;
        certificateEnds.set(account.name, facts.validTo);
        const warning = expiryWarning(facts, this.now);
        if (isNew && warning !== null) this.warn(`${account.name}: ${warning}`);
      },
    };
  }

  /** Throws ArchiveError `no_archive` where nothing was backed up yet. */
  reader(account: AccountConfig): ArchiveReader {
    return ArchiveReader.open(join(this.root(account), 'index.db'));
  }

  /** One look at the index, which is closed when `work` has returned. Throws as `reader`. */
  look<T>(account: AccountConfig, work: (reader: ArchiveReader) => T): T {
    const reader = this.reader(account);
    try {
      return work(reader);
    } finally {
      reader.close();
    }
  }

  readonly schedule: Schedule = cronSchedule;

  /** When the schedule of this account comes due next; null when it is off. */
  nextRunAt(account: AccountConfig): number | null {
    if (account.schedule === null) return null;
    return cronSchedule.upcoming(account.schedule, account.timezone, 1)[0] ?? null;
  }

  /** Whether a tick of the schedule has passed since the last run, or that was cut short, or there was none yet. */
  isOverdue(account: AccountConfig): boolean {
    if (account.schedule === null) return false;
    const last = this.lastRun(account);
    if (last === null || last.startedAt === null || last.cutShort) return true;
    // The distance between two ticks is taken from the next two; good enough to tell a missed one.
    const [first, second] = cronSchedule.upcoming(account.schedule, account.timezone, 2);
    return first !== undefined && second !== undefined && this.now - last.startedAt > second - first;
  }

  /** null where nothing was backed up yet. */
  lastRun(account: AccountConfig): LastRun | null {
    try {
      return this.look(account, (reader) => reader.lastRun());
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'no_archive') return null;
      throw error;
    }
  }

  /** Which command works on the account at the moment; null: none. */
  activity(account: AccountConfig): Activity | null {
    return lockHolder(join(this.root(account), 'lock.db'));
  }

  /** For looking at the messages; whoever changes them makes a `MaildirStore`, under the lock. */
  messages(account: AccountConfig): MaildirReader {
    return new MaildirReader(this.root(account));
  }

  root(account: AccountConfig): string {
    return join(this.config.dataDir, account.name);
  }

  selects(account: AccountConfig, globs: readonly string[], path: string): boolean {
    return (
      selects(path, account.folders) && (globs.length === 0 || selects(path, { include: globs, exclude: [] }))
    );
  }

  /**
   * Makes the account's folder and does the work under its lock. Throws ArchiveError `locked` where another
   * command holds it, unless `wait` says how to wait for that one.
   */
  async locked<T>(
    account: AccountConfig,
    command: string,
    work: (root: string) => Promise<T>,
    wait?: LockWait,
  ): Promise<T> {
    const root = this.root(account);
    try {
      mkdirSync(root, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new ArchiveError(`cannot make ${root}: ${fileProblem(error)}`, {
        code: 'io',
        hint: 'check data_dir in the config and the permissions above it',
        cause: error,
      });
    }
    const take = () => {
      const since = new Date(this.now).toISOString();
      return lockAccount(join(root, 'lock.db'), account.name, { pid: process.pid, command, since });
    };
    const lock = wait === undefined ? take() : await patiently(take, wait);
    try {
      return await work(root);
    } finally {
      lock.release();
    }
  }
}

/** How a command waits for another that works on the account. */
export interface LockWait {
  readonly signal: AbortSignal;
  /** Hears once for whom it waits. */
  readonly onWait: (error: ArchiveError) => void;
}

/** Between two looks at a lock that another holds: nobody tells when it is free. */
const LOCK_LOOK_MS = 250;

async function patiently(take: () => AccountLock, { signal, onWait }: LockWait): Promise<AccountLock> {
  let told = false;
  for (;;) {
    throwIfAborted(signal);
    try {
      return take();
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.code !== 'locked') throw error;
      if (!told) onWait(error);
      told = true;
    }
    await pause(LOCK_LOOK_MS, signal);
  }
}
