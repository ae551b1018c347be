/** Puts mail of one account's archive back on the server of another, or the same. */
import type { AccountConfig } from '../config/config.js';
import { type RestoreReport, restore } from '../jobs/restore.js';
import { type SelectionRequest, selectFrom } from './selection.js';
import { sha256 } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface RestoreRequest extends SelectionRequest {
  readonly prefix: readonly string[];
  readonly dryRun: boolean;
  readonly verify: boolean;
}

export async function runRestore(
  wiring: Wiring,
  account: AccountConfig,
  to: AccountConfig,
  request: RestoreRequest,
): Promise<RestoreReport> {
  const reader = wiring.reader(account);
  try {
    const selections = await selectFrom(wiring, account, reader, request);
    const { openRestoreTarget } = await import('../imap/restore-target.js');
    const target = await openRestoreTarget(wiring.imapSettings(to), request.signal, sha256);
    try {
      return await restore({ store: wiring.store(account), target, digest: sha256 }, selections, {
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
