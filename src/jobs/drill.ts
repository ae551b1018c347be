/**
 * Rehearses the loss of everything but the archive: messages drawn at random from an index that was made from
 * the files and the journal alone are copied into a Maildir of their own, and read back from there. Octets,
 * size and date must be those that the archive's own index knows. And every file that this index knows must be one
 * of those that the other was made from: what is missing or has another size can't come back, drawn or not.
 */

import { ArchiveError, describeError, throwIfAborted } from '../core/errors.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { FolderInventory, KnownFile, ProofIndex } from '../core/ports/proof.js';
import { type MessageReader, type MessageStore, TREES } from '../core/ports/store.js';
import { type DrillReport, drawNumbers } from '../core/proof/drill.js';
import { pathOf } from '../core/proof/findings.js';

export interface DrillPorts {
  /** Made anew from files and journal, somewhere else. */
  readonly rebuilt: Pick<ProofIndex, 'mailboxes' | 'files' | 'totals'>;
  /** The archive's own. */
  readonly index: Pick<ProofIndex, 'lookUp' | 'totals' | 'mailboxes' | 'files'>;
  readonly folders: Pick<FolderInventory, 'find'>;
  readonly archive: Pick<MessageReader, 'read'>;
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
  const failed = leftOut(ports);
  const known = new Set(failed.map(({ file }) => file));
  let restored = 0;
  for (const file of sample) {
    throwIfAborted(options.signal);
    const reason = await rehearse(ports, file);
    if (reason === null) restored += 1;
    else if (!known.has(pathOf(file.place))) failed.push(failureOf(file, reason));
  }
  return {
    rebuilt: total,
    indexed: index.totals().files,
    sampled: sample.length,
    restored,
    failed,
  };
}

type Failed = DrillReport['failed'][number];

function failureOf({ path, uid, place }: KnownFile, reason: string): Failed {
  return { mailbox: path, uid, file: pathOf(place), reason };
}

/** What the archive's index knows and the one made anew does not. */
function leftOut({ rebuilt, index, folders }: DrillPorts): Failed[] {
  const made = new Map(rebuilt.mailboxes().map((mailbox) => [mailbox.folder, mailbox]));
  const failed: Failed[] = [];
  for (const mailbox of index.mailboxes()) {
    const twin = made.get(mailbox.folder);
    const there = new Set<string>();
    for (const file of twin === undefined ? [] : filesOf(rebuilt, twin)) there.add(keyOf(file));
    for (const file of filesOf(index, mailbox))
      if (!there.has(keyOf(file)) && !file.pruning && !file.inFlux)
        failed.push(failureOf(file, reasonFor(file, folders)));
  }
  return failed;
}

function* filesOf(index: Pick<ProofIndex, 'files'>, mailbox: IndexedMailbox): Iterable<KnownFile> {
  for (const tree of TREES) yield* index.files(mailbox, tree);
}

function keyOf({ generation, uid, sha256 }: KnownFile): string {
  return `${generation} ${uid} ${sha256}`;
}

function reasonFor(file: KnownFile, folders: DrillPorts['folders']): string {
  const entry = folders.find({ ...file.place, part: 'cur' });
  if (entry === null) return 'the file is not there';
  if (entry.size !== file.size) return `${entry.size} octets instead of ${file.size}`;
  return 'an index made anew would not know it';
}

function pick(index: DrillPorts['rebuilt'], numbers: readonly number[]): KnownFile[] {
  const wanted = new Set(numbers);
  const sample: KnownFile[] = [];
  let at = 0;
  for (const mailbox of index.mailboxes())
    for (const file of filesOf(index, mailbox)) if (wanted.has(at++)) sample.push(file);
  return sample;
}

/** Why the message did not come back as it was, or null. */
async function rehearse(ports: DrillPorts, file: KnownFile): Promise<string | null> {
  const { archive, scratch, index } = ports;
  const { folder } = file.place;
  await scratch.prepareFolders('mail', [folder]);
  const writer = scratch.create(folder, file.receivedAt);
  try {
    for await (const chunk of readable(archive, file)) await writer.write(chunk);
  } catch (error) {
    writer.abort();
    if (error instanceof UnreadableError) return error.message;
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

/** Where the archive's own file can't be read, that is what the drill is about, and no failure of the drill. */
async function* readable(archive: DrillPorts['archive'], { place }: KnownFile): AsyncGenerator<Uint8Array> {
  try {
    yield* archive.read(place);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new UnreadableError(describeError(error.cause ?? error));
  }
}

class UnreadableError extends Error {}
