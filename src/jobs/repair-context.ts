/** What the steps of a repair share: the ports, what was found, and the report while it grows. */

import type { FileMender, FolderInventory, FoundPlace, KnownFile, RepairIndex } from '../core/ports/proof.js';
import type { MessageStore } from '../core/ports/store.js';
import type { Finding } from '../core/proof/findings.js';
import type { RepairAction, RepairEntry } from '../core/proof/repair-report.js';

export interface RepairPorts {
  readonly index: RepairIndex;
  readonly folders: FolderInventory;
  readonly store: Pick<MessageStore, 'move' | 'link' | 'prepareFolders' | 'writeKeywords'>;
  readonly mender: FileMender;
}

export class RepairContext {
  readonly ports: RepairPorts;
  readonly signal: AbortSignal;
  readonly findings: readonly Finding[];
  readonly actions: (RepairEntry & { action: RepairAction })[] = [];
  readonly lost: RepairEntry[] = [];
  /** Of those: what will be missed by every check until somebody accepts it. */
  readonly missed: number[] = [];
  readonly pending: RepairEntry[] = [];
  readonly left: RepairEntry[] = [];
  /** Placements whose own file is damaged or gone: no source for anything. */
  readonly bad = new Map<number, KnownFile>();

  constructor(ports: RepairPorts, findings: readonly Finding[], signal: AbortSignal) {
    this.ports = ports;
    this.findings = findings;
    this.signal = signal;
  }

  ofKind(...kinds: Finding['kind'][]): Finding[] {
    return this.findings.filter(({ kind }) => kinds.includes(kind));
  }

  did(action: RepairAction, { mailbox, uid, file }: Omit<RepairEntry, 'reason'>, reason: string): void {
    this.actions.push({ action, mailbox, uid, file, reason });
  }

  lose(placement: number, entry: RepairEntry): void {
    this.lost.push(entry);
    this.missed.push(placement);
  }

  async setAside(finding: Finding, place: FoundPlace, reason: string): Promise<void> {
    const { mailbox, uid, file, known } = finding;
    const note = { mailbox, uid, reason, sha256: known?.sha256 ?? null };
    const path = await this.ports.mender.setAside(place, note);
    if (path !== null) this.did('quarantined', { mailbox, uid, file }, `${reason}; it is ${path} now`);
  }
}
