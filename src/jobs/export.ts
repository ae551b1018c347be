/**
 * Writes mail of one archive to files. The archive is only read, every message's hash is checked before its
 * octets go anywhere, and one that is damaged is named and left out. Memory grows neither with messages nor
 * with their number.
 */

import { ArchiveError, describeError, InterruptedError, throwIfAborted } from '../core/errors.js';
import { parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { FactsReader } from '../core/message/message-facts.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { ExportedMailbox, ExportItem, ExportTarget, MailboxExport } from '../core/ports/export.js';
import type { FilePlace, MessageStore } from '../core/ports/store.js';

export interface ExportPorts {
  readonly store: Pick<MessageStore, 'read' | 'measure' | 'linkOut'>;
  readonly facts: Pick<FactsReader, 'headerFacts'>;
  readonly digest: (data: Uint8Array) => string;
  readonly target: ExportTarget;
}

export interface ExportSelection {
  readonly mailbox: ExportedMailbox;
  /** In ascending order of generation and UID; read once. */
  readonly placements: AsyncIterable<SelectedPlacement>;
  /** Selected as well, and not in the archive any more. */
  readonly absent?: readonly ExportFailure[];
  /** Whether the mailbox belongs to the export even if nothing of it is selected. */
  readonly evenIfEmpty: boolean;
}

export interface ExportProgress {
  readonly mailbox: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface ExportOptions {
  /** What is to be known beforehand. */
  readonly remarks?: readonly string[];
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined;
}

export interface ExportFailure {
  readonly mailbox: string;
  readonly uid: number;
  readonly reason: string;
}

export interface MailboxExportReport {
  readonly from: string;
  /** The file or folder in the export. */
  readonly to: string;
  readonly planned: number;
  readonly exported: number;
  readonly failed: number;
  /** Octets of the exported messages. */
  readonly bytes: number;
}

export interface ExportReport {
  readonly planned: number;
  readonly exported: number;
  readonly failed: number;
  readonly bytes: number;
  readonly mailboxes: readonly MailboxExportReport[];
  readonly failures: readonly ExportFailure[];
  /** What could not be kept although the messages were: keywords, names. */
  readonly remarks: readonly string[];
}

/** Larger messages are read twice instead of held in memory. */
const IN_MEMORY = 1024 * 1024;
/** Octets that hold any usual header block. */
const MAX_START = 256 * 1024;

export async function exportMail(
  ports: ExportPorts,
  selections: Iterable<ExportSelection>,
  options: ExportOptions,
): Promise<ExportReport> {
  const run = new Export(ports, options);
  try {
    for (const selection of selections) await run.mailbox(selection);
    await ports.target.finish();
  } catch (error) {
    await ports.target.abort();
    if (!(error instanceof InterruptedError)) throw error;
    throw new InterruptedError('interrupted; nothing was left behind, and the archive is untouched');
  }
  return run.report();
}

class Export {
  readonly #ports: ExportPorts;
  readonly #options: ExportOptions;
  readonly #mailboxes: MailboxExportReport[] = [];
  readonly #failures: ExportFailure[] = [];
  readonly #remarks: string[];
  #messages = 0;
  #bytes = 0;

  constructor(ports: ExportPorts, options: ExportOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#remarks = [...(options.remarks ?? [])];
  }

  async mailbox({ mailbox, placements, absent = [], evenIfEmpty }: ExportSelection): Promise<void> {
    let open: MailboxExport | null = evenIfEmpty ? await this.#ports.target.openMailbox(mailbox) : null;
    let planned = absent.length;
    this.#failures.push(...absent);
    const before = { messages: this.#messages, bytes: this.#bytes };
    try {
      for await (const placement of placements) {
        throwIfAborted(this.#options.signal);
        planned += 1;
        const item = await this.#proved(mailbox.path, placement);
        if (item === null) continue;
        open ??= await this.#ports.target.openMailbox(mailbox);
        await open.add(item);
        this.#messages += 1;
        this.#bytes += placement.size;
        this.#options.onProgress?.({ mailbox: mailbox.path, messages: this.#messages, bytes: this.#bytes });
      }
    } catch (error) {
      await open?.close().catch(() => undefined);
      throw error;
    }
    if (open !== null) this.#remarks.push(...(await open.close()));
    if (planned === 0 && open === null) return;
    const exported = this.#messages - before.messages;
    this.#mailboxes.push({
      from: mailbox.path,
      to: open?.name ?? '',
      planned,
      exported,
      failed: planned - exported,
      bytes: this.#bytes - before.bytes,
    });
  }

  report(): ExportReport {
    return {
      planned: this.#messages + this.#failures.length,
      exported: this.#messages,
      failed: this.#failures.length,
      bytes: this.#bytes,
      mailboxes: this.#mailboxes,
      failures: this.#failures,
      remarks: this.#remarks,
    };
  }

  /** Null, and a failure, where the archive has not these octets any more. */
  async #proved(mailbox: string, placement: SelectedPlacement): Promise<ExportItem | null> {
    // A sync that runs meanwhile may have moved the file to the other tree.
    let reason = 'its file is missing';
    try {
      for (const place of [placement.place, otherTree(placement.place)]) {
        const read = await this.#read(place, placement.size);
        if (read === null) continue;
        if (read.sha256 === placement.sha256) return this.#item(placement, place, read);
        reason = 'its file is damaged';
      }
    } catch (error) {
      reason = `its file can't be read: ${describeError(error)}`;
    }
    const advice = 'so it was left out; run mailkeep check';
    this.#failures.push({ mailbox, uid: placement.uid, reason: `${reason}, ${advice}` });
    return null;
  }

  /** Null for a file that isn't there. */
  async #read(place: FilePlace, size: number): Promise<ReadMessage | null> {
    const { store, digest } = this.#ports;
    if (size > IN_MEMORY) {
      const facts = await store.measure(place);
      return facts === null
        ? null
        : { sha256: facts.sha256, start: facts.header, content: () => store.read(place) };
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of store.read(place)) {
        chunks.push(chunk);
        length += chunk.length;
        // A file that has grown is damaged, however large it is.
        if (length > size) break;
      }
    } catch (error) {
      if (error instanceof ArchiveError && error.code === 'damage') return null;
      throw error;
    }
    const octets = chunks.length === 1 ? chunks[0]! : joined(chunks, length);
    return {
      sha256: digest(octets),
      start: octets.subarray(0, MAX_START),
      content: async function* () {
        yield octets;
      },
    };
  }

  #item(placement: SelectedPlacement, place: FilePlace, read: ReadMessage): ExportItem {
    const { store, facts } = this.#ports;
    return {
      placement,
      generation: parseMaildirFileName(placement.place.name)!.generation,
      start: read.start,
      facts: () => facts.headerFacts(read.start),
      content: read.content,
      link: (file) => store.linkOut(place, placement.receivedAt, file),
    };
  }
}

interface ReadMessage {
  readonly sha256: string;
  readonly start: Uint8Array;
  readonly content: () => AsyncIterable<Uint8Array>;
}

function otherTree(place: FilePlace): FilePlace {
  return { ...place, tree: place.tree === 'mail' ? 'removed' : 'mail' };
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
