/**
 * Writes mail of one archive to files. The archive is only read. A message of usual size is hashed before its
 * octets go anywhere, a large one while it is written, and one that is damaged is named and taken out of the export
 * again. Memory grows neither with messages nor with their number.
 */

import { InterruptedError, MessageError, throwIfAborted } from '../core/errors.js';
import { parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { FactsReader } from '../core/message/message-facts.js';
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { ExportedMailbox, ExportItem, ExportTarget, MailboxExport } from '../core/ports/export.js';
import type { FilePlace, MessageReader } from '../core/ports/store.js';
import { MISSING, otherTree, type ProvenStreamPorts, provenStream, unreadable } from './proven-stream.js';

export interface ExportPorts extends ProvenStreamPorts {
  readonly store: Pick<MessageReader, 'read' | 'slice' | 'linkOut'>;
  readonly facts: Pick<FactsReader, 'headerFacts'>;
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

/** Larger messages are passed on as they are read. */
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
    const opened = async () => {
      open ??= await this.#ports.target.openMailbox(mailbox);
      return open;
    };
    try {
      for await (const placement of placements) {
        throwIfAborted(this.#options.signal);
        planned += 1;
        const reason = await this.#add(placement, opened);
        if (reason !== null) {
          this.#failures.push({ mailbox: mailbox.path, uid: placement.uid, reason });
          continue;
        }
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

  /** Why the archive has not these octets any more; null where they are part of the export now. */
  async #add(placement: SelectedPlacement, opened: () => Promise<MailboxExport>): Promise<string | null> {
    const reasons: string[] = [];
    // A sync that runs meanwhile may have moved the file to the other tree.
    for (const place of [placement.place, otherTree(placement.place)]) {
      try {
        const item = await this.#item({ ...placement, place });
        await (await opened()).add(item);
        return null;
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
        reasons.push(error.message);
      }
    }
    const reason = reasons.find((each) => each !== MISSING) ?? MISSING;
    return `its file ${reason}, so it was left out; run mailkeep check`;
  }

  /** Throws MessageError where the file is missing, can't be read, or, if it is small, is damaged. */
  async #item(placement: SelectedPlacement): Promise<ExportItem> {
    const { store, facts } = this.#ports;
    const { place, size, receivedAt } = placement;
    const whole = size > IN_MEMORY ? null : await wholeOf(provenStream(this.#ports, placement), size);
    const start = whole?.subarray(0, MAX_START) ?? (await startOf(store, place));
    return {
      placement,
      generation: parseMaildirFileName(place.name)!.generation,
      start,
      facts: () => facts.headerFacts(start),
      content: () => (whole === null ? provenStream(this.#ports, placement) : once(whole)),
      link: async (file) => {
        if (!store.linkOut(place, receivedAt, file)) return false;
        if (whole === null) for await (const _ of provenStream(this.#ports, placement));
        return true;
      },
    };
  }
}

async function wholeOf(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  let whole: Uint8Array | null = null;
  let at = 0;
  for await (const chunk of chunks) {
    if (whole === null && chunk.length === size) return chunk;
    whole ??= new Uint8Array(size);
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole ?? new Uint8Array(0);
}

async function startOf(store: ExportPorts['store'], place: FilePlace): Promise<Uint8Array> {
  try {
    const start = await store.slice(place, 0, MAX_START);
    if (start !== null) return start;
  } catch (error) {
    throw unreadable(error);
  }
  throw new MessageError(MISSING, { code: 'damage' });
}

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
