/** Proves one account's archive: index against files, octets against hashes, and where asked the server. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { AccountError, ArchiveError, CredentialsError, errorReport } from '../core/errors.js';
import { type DataShare, nextShare } from '../core/proof/check-share.js';
import type { ErrorReport } from '../core/report.js';
import { type CheckReport, checkArchive } from '../jobs/check.js';
import { compareWithServer, type ServerReport } from '../jobs/check-server.js';
import type { SyncProgress } from '../jobs/sync-context.js';
import { HashPool } from '../maildir/hash-pool.js';
import { MaildirInventory } from '../maildir/inventory.js';
import { keepCheckPosition, readCheckPosition } from '../sqlite/check-position.js';
import { ProofRows } from '../sqlite/proof-rows.js';
import { tornLog } from '../sqlite/write-ahead-log.js';
import type { Wiring } from './wiring.js';

export interface CheckRequest {
  /** Hundredths of a percent of the content to read; 'all', or null for none. */
  readonly readData: 'all' | number | null;
  readonly server: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
}

export interface AccountCheck extends CheckReport {
  readonly server: ServerReport | null;
  /** Why the server could not be asked; null where it was, or was not to be. */
  readonly error: ErrorReport | null;
}

/** Throws ArchiveError where there is no archive or no usable index. */
export async function runCheck(
  wiring: Wiring,
  account: AccountConfig,
  request: CheckRequest,
): Promise<AccountCheck> {
  const file = join(wiring.root(account), 'index.db');
  const torn = await lookAtLog(wiring, account, file);
  const index = new ProofRows(file, { forReading: true });
  const pool = request.readData === null ? null : new HashPool();
  try {
    const share = typeof request.readData === 'number' ? shareOf(file, request.readData) : null;
    const report = await checkArchive(index, new MaildirInventory(wiring.root(account), pool), {
      account: account.name,
      readData: request.readData !== null,
      share,
      tornLog: torn,
      signal: request.signal,
      onProgress: request.onProgress,
    });
    if (share !== null) await keepPosition(wiring, account, file, share);
    const asked = request.server ? await askServer(wiring, account, index, request.signal) : NOT_ASKED;
    return { ...report, ...asked };
  } finally {
    await pool?.close();
    index.close();
  }
}

type Asked = Pick<AccountCheck, 'server' | 'error'>;

const NOT_ASKED: Asked = { server: null, error: null };

/** What was found here is told also where the server has no answer. */
async function askServer(
  wiring: Wiring,
  account: AccountConfig,
  index: ProofRows,
  signal: AbortSignal,
): Promise<Asked> {
  try {
    const selects = (path: string) => wiring.selects(account, [], path);
    return {
      server: await compareWithServer(index, wiring.source(account), { selects, signal }),
      error: null,
    };
  } catch (error) {
    if (!(error instanceof AccountError || error instanceof CredentialsError)) throw error;
    return { server: null, error: errorReport(error) };
  }
}

function shareOf(file: string, width: number): DataShare {
  return { from: readCheckPosition(file), width };
}

/** Where another command works on the account, or nothing can be written, the next check reads the same share again. */
async function keepPosition(
  wiring: Wiring,
  account: AccountConfig,
  file: string,
  share: DataShare,
): Promise<void> {
  await unlessLocked(() =>
    wiring.locked(account, 'check', async () => keepCheckPosition(file, nextShare(share))),
  );
}

/** A log that somebody is writing may end anywhere. */
async function lookAtLog(wiring: Wiring, account: AccountConfig, file: string): Promise<string | null> {
  const log = `${file}-wal`;
  if (!existsSync(log)) return null;
  return (await unlessLocked(() => wiring.locked(account, 'check', async () => tornLog(log)))) ?? null;
}

/** Neither a lock nor a disk that can't be written to keeps anybody from looking. */
async function unlessLocked<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError && ['locked', 'io', 'disk_full'].includes(error.code)) return undefined;
    throw error;
  }
}
