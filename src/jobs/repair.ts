/**
 * Puts right what check found, as far as the octets exist somewhere: in the archive at once, from the server
 * afterwards by an ordinary sync run. Nothing is deleted; what is damaged goes to quarantine/. Every step
 * leaves an archive that another repair can go on from.
 */
import { throwIfAborted } from '../core/errors.js';
import { isDamage } from '../core/proof/findings.js';
import type { RepairReport } from '../core/proof/repair-report.js';
import type { ErrorReport } from '../core/report.js';
import { type CheckOptions, type CheckReport, checkArchive } from './check.js';
import { bringBack, retryLost, takeStock } from './repair-content.js';
import { RepairContext, type RepairPorts } from './repair-context.js';
import { takeInStrays } from './repair-strays.js';
import { tidy } from './repair-tidy.js';

export interface RepairOptions extends Omit<CheckOptions, 'readData' | 'share'> {
  /** Runs an ordinary sync; null or why it could not be done. Only called where something has to be fetched. */
  readonly sync: () => Promise<ErrorReport | null>;
  /** What is lost is from now on known to be, and no damage any more. */
  readonly acceptLost: boolean;
}

/** Throws ArchiveError `index` where the index itself is damaged: nothing is touched then. */
export async function repairArchive(
  ports: RepairPorts,
  options: RepairOptions,
  onDamagedIndex: (report: CheckReport) => never,
): Promise<RepairReport> {
  const before = await checkArchive(ports.index, ports.folders, { ...options, readData: true });
  if (before.findings.some(({ kind }) => kind === 'database')) onDamagedIndex(before);
  const context = new RepairContext(ports, before.findings, options.signal);
  for (const step of [bringBack, takeInStrays, tidy]) {
    throwIfAborted(options.signal);
    await step(context);
  }
  const waits = ports.index.awaited().some(({ state }) => state === 'waiting');
  const error = waits ? await options.sync() : null;
  await retryLost(context);
  await takeStock(context);
  if (options.acceptLost) ports.index.acceptLoss(context.missed);
  const after = await checkArchive(ports.index, ports.folders, {
    account: options.account,
    signal: options.signal,
    readData: false,
  });
  return {
    account: options.account,
    actions: context.actions,
    lost: context.lost,
    accepted: options.acceptLost,
    pending: context.pending,
    left: context.left,
    clean: !after.findings.some(isDamage) && (options.acceptLost || context.lost.length === 0),
    error,
  };
}
