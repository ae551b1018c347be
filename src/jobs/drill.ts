/**
 * Rehearses the loss of everything but the archive: messages drawn at random from an index that was made from
 * the files and the journal alone are copied into a Maildir of their own, and read back from there. Octets,
 * size and date must be those that the archive's own index knows.
 */
import { type DrillReport, drawNumbers } from '../core/drill.js';
import { ArchiveError, describeError, throwIfAborted } from '../core/errors.js';
import { pathOf } from '../core/findings.js';
import type { KnownFile, ProofIndex } from '../core/proof-ports.js';
import type { MessageStore } from '../core/store-ports.js';

export interface DrillPorts {
  /** Made anew from files and journal, somewhere else. */
  readonly rebuilt: Pick<ProofIndex, 'mailboxes' | 'files' | 'totals'>;
  /** The archive's own. */
  readonly index: Pick<ProofIndex, 'lookUp' | 'totals'>;
  readonly archive: Pick<MessageStore, 'read'>;
  /** Empty, and thrown away afterwards. */
  readonly scratch: Pick<MessageStore, 'prepareFolders' | 'create' | 'collect' | 'commit' | 'measure'>;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
}

export async function drill(
  ports: DrillPorts,
  options: { readonly sample: number; readonly signal: AbortSignal },
): Promise<DrillReport> {
  const { rebuilt, index } = ports;
  const total = rebuilt.totals().files;
  const sample = pick(rebuilt, drawNumbers(total, options.sample, ports.random));
  const failed: DrillReport['failed'][number][] = [];
  for (const file of sample) {
    throwIfAborted(options.signal);
    const reason = await rehearse(ports, file);
    if (reason !== null) failed.push({ mailbox: file.path, uid: file.uid, file: pathOf(file.place), reason });
  }
  return {
    rebuilt: total,
    indexed: index.totals().files,
    sampled: sample.length,
    restored: sample.length - failed.length,
    failed,
  };
}

function pick(index: DrillPorts['rebuilt'], numbers: readonly number[]): KnownFile[] {
  const wanted = new Set(numbers);
  const sample: KnownFile[] = [];
  let at = 0;
  for (const mailbox of index.mailboxes()) {
    for (const tree of ['mail', 'removed'] as const)
      for (const file of index.files(mailbox, tree)) if (wanted.has(at++)) sample.push(file);
  }
  return sample;
}

/** Why the message did not come back as it was, or null. */
async function rehearse(ports: DrillPorts, file: KnownFile): Promise<string | null> {
  const { archive, scratch, index } = ports;
  const { folder } = file.place;
  await scratch.prepareFolders('mail', [folder]);
  const writer = scratch.create(folder, file.receivedAt);
  try {
    for await (const chunk of archive.read(file.place)) await writer.write(chunk);
  } catch (error) {
    writer.abort();
    if (error instanceof ArchiveError && error.code === 'damage') return describeError(error);
    throw error;
  }
  const place = { ...file.place, tree: 'mail' as const };
  const [body] = await scratch.collect([await writer.finish()]);
  await scratch.commit([{ body: body!, place, linkTo: null }]);
  const back = await scratch.measure(place);
  if (back === null) return 'it was not there after it had been written';
  if (back.size !== file.size) return `${back.size} octets came back instead of ${file.size}`;
  if (back.sha256 !== file.sha256) return 'what came back does not match its SHA-256';
  const row = index.lookUp(folder, file.generation, file.uid);
  if (row === null) return 'the index of the archive does not know this message';
  if (row.sha256 !== file.sha256) return 'the index of the archive has another message here';
  return row.receivedAt === file.receivedAt ? null : 'its date is not the one of the index';
}
