/**
 * The archives as health, metrics and status show them. Counting a large archive takes a while, and anybody
 * who may ask may ask often: an answer serves for some seconds, unless a run has ended meanwhile.
 */
import type { AccountConfig } from '../config/config.js';
import type { ArchiveStatus } from '../core/archive-ports.js';
import { ArchiveError, describeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Wiring } from './wiring.js';

const FRESH_MS = 10_000;

const EMPTY: ArchiveStatus = {
  lastReport: null,
  lastSuccessAt: null,
  hold: null,
  messages: 0,
  bytes: 0,
  removed: 0,
  failures: [],
  mailboxes: [],
};

export class ArchiveView {
  readonly #log: Log;
  readonly #read = new Map<string, { readonly at: number; readonly status: ArchiveStatus }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Of an account without an archive, or with one that can't be read: as if nothing were there. */
  statusOf(wiring: Wiring, account: AccountConfig): ArchiveStatus {
    const known = this.#read.get(account.name);
    const now = performance.now();
    if (known !== undefined && now - known.at < FRESH_MS) return known.status;
    const status = this.#readStatus(wiring, account);
    this.#read.set(account.name, { at: now, status });
    return status;
  }

  forget(account: string): void {
    this.#read.delete(account);
  }

  forgetAll(): void {
    this.#read.clear();
  }

  #readStatus(wiring: Wiring, account: AccountConfig): ArchiveStatus {
    try {
      const reader = wiring.reader(account);
      try {
        return reader.status();
      } finally {
        reader.close();
      }
    } catch (error) {
      if (!(error instanceof ArchiveError && error.code === 'no_archive'))
        this.#log.warn(`${account.name}: ${describeError(error)}`, { account: account.name });
      return EMPTY;
    }
  }
}
