/**
 * The archives as health, metrics and status show them. Counting a large archive takes a while and holds up
 * everything else, and anybody who may ask may ask often: an answer serves until the index has changed, and
 * never more than a small share of the time goes into counting.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { ArchiveError, describeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { ArchiveStatus } from '../core/ports/archive.js';
import type { Wiring } from './wiring.js';

/** While a run changes the index all the time, a picture serves for so long. */
const FRESH_MS = 10_000;

/** Counting that takes long is not repeated before this many times as long has passed. */
const REST_FACTOR = 20;
const LONG_MS = 100;

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

interface Picture {
  readonly status: ArchiveStatus;
  readonly takenAt: number;
  readonly tookMs: number;
  /** Of the index's files at that moment. */
  readonly stamp: string;
  /** A run has ended since. */
  outdated: boolean;
}

export class ArchiveView {
  readonly #log: Log;
  readonly #pictures = new Map<string, Picture>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Of an account without an archive, or with one that can't be read: as if nothing were there. */
  statusOf(wiring: Wiring, account: AccountConfig): ArchiveStatus {
    const known = this.#pictures.get(account.name);
    const stamp = stampOf(wiring.root(account));
    const now = performance.now();
    if (known !== undefined && isGood(known, stamp, now)) return known.status;
    const status = this.#readStatus(wiring, account);
    const tookMs = performance.now() - now;
    this.#pictures.set(account.name, { status, takenAt: now, tookMs, stamp, outdated: false });
    return status;
  }

  /** A run of this account has ended. */
  outdate(account: string): void {
    const known = this.#pictures.get(account);
    if (known !== undefined) known.outdated = true;
  }

  forgetAll(): void {
    this.#pictures.clear();
  }

  #readStatus(wiring: Wiring, account: AccountConfig): ArchiveStatus {
    try {
      return wiring.look(account, (reader) => reader.status());
    } catch (error) {
      if (!(error instanceof ArchiveError && error.code === 'no_archive'))
        this.#log.warn(`${account.name}: ${describeError(error)}`, { account: account.name });
      return EMPTY;
    }
  }
}

function isGood(picture: Picture, stamp: string, now: number): boolean {
  const age = now - picture.takenAt;
  if (picture.tookMs > LONG_MS && age < picture.tookMs * REST_FACTOR) return true;
  if (picture.outdated) return false;
  return picture.stamp === stamp || age < FRESH_MS;
}

/** Changes whenever anything was written to the index, by whatever command. */
function stampOf(root: string): string {
  return ['index.db', 'index.db-wal']
    .map((name) => {
      try {
        const found = statSync(join(root, name), { throwIfNoEntry: false, bigint: true });
        return found === undefined ? '-' : `${found.mtimeNs}:${found.size}`;
      } catch {
        // A disk that fails is told of by whoever reads from it; the other accounts are shown as ever.
        return '?';
      }
    })
    .join(' ');
}
