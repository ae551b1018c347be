/** Puts mail of one account's archive back on the server of another, or the same. */
import { join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { ArchiveError } from '../core/errors.js';
import { pause } from '../core/pause.js';
import type { RestoreLedger } from '../core/ports/restore.js';
import type { RestoreReport } from '../core/restore/restore-report.js';
import { type RestoreProgress, restore } from '../jobs/restore.js';
import { notNotedDown } from '../jobs/restore-ledger.js';
import { openRestoreLedger } from '../sqlite/restore-ledger.js';
import { RunMemory } from './run-memory.js';
import { type SelectionRequest, selectFrom } from './selection.js';
import { sha256, startSha256 } from './surroundings.js';
import type { Wiring } from './wiring.js';

export interface RestoreRequest extends SelectionRequest {
  readonly prefix: readonly string[];
  readonly dryRun: boolean;
  readonly verify: boolean;
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

/** Throws ArchiveError `locked` while another restore from the same archive runs. */
export async function runRestore(
  wiring: Wiring,
  account: AccountConfig,
  to: AccountConfig,
  request: RestoreRequest,
): Promise<RestoreReport> {
  const reader = wiring.reader(account);
  try {
    const { selections, absent } = await selectFrom(wiring, account, reader, request);
    const at = request.at ? reader.runAt(request.at) : null;
    const { openRestoreTarget } = await import('../imap/restore-target.js');
    const settings = wiring.imapSettings(to);
    const remarks = [...absent.remarks];
    const memory = new RunMemory();
    const ledger = openLedger(wiring, account, to, request, remarks);
    try {
      const ports = {
        store: wiring.messages(account),
        digest: sha256,
        startHash: startSha256,
        connect: () => openRestoreTarget(settings, request.signal),
        ledger,
        wait: (ms: number) => pause(ms, request.signal),
      };
      return await restore(ports, reader.mailboxes({ at }), selections, {
        to: to.name,
        prefix: request.prefix,
        sameServer: to.name === account.name,
        dryRun: request.dryRun,
        verify: request.verify,
        emptyToo: request.query.length === 0,
        connections: to.connections,
        remarks,
        absent: absent.named,
        signal: request.signal,
        onProgress: (now) => {
          memory.passed(now);
          request.onProgress?.(now);
        },
      });
    } finally {
      ledger?.close();
    }
  } finally {
    reader.close();
  }
}

/** A ledger that can't be kept is no reason to keep the mail back: the target is looked at in any case. */
function openLedger(
  wiring: Wiring,
  account: AccountConfig,
  to: AccountConfig,
  request: RestoreRequest,
  remarks: string[],
): RestoreLedger | null {
  const target = `${to.user}@${to.host.toLowerCase()}:${to.port}`;
  try {
    const file = join(wiring.root(account), 'restore.db');
    return openRestoreLedger(file, target, { create: !request.dryRun });
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code === 'locked') throw error;
    remarks.push(notNotedDown(error));
    return null;
  }
}
