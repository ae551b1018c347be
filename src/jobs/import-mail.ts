/**
 * Takes mail that another program keeps on this machine into the archive, so that the next sync recognises
 * it instead of downloading it. It counts as mail that left the server: nothing believes it before the server
 * is found to hold the same. What is here already is not written again, so it may be stopped and repeated.
 */
import { ArchiveError, throwIfAborted } from '../core/errors.js';
import { mailboxFolder } from '../core/mailbox/mailbox-folder.js';
import { displayPath, mailboxPath } from '../core/mailbox/mailbox-path.js';
import {
  flagsOfLetters,
  maildirFileName,
  maildirLetters,
  parseMaildirFileName,
} from '../core/mailbox/maildir-name.js';
import { ForeignMessage } from '../core/message/foreign-message.js';
import type {
  ImportedMessage,
  ImportIndex,
  ImportMailbox,
  ImportNames,
  LocalEvent,
  LocalMail,
  LocalMailbox,
} from '../core/ports/import.js';
import type { RunningHash } from '../core/ports/running-hash.js';
import type { BodyWriter, FilePlace, MessageStore, PendingBody, WrittenBody } from '../core/ports/store.js';

export interface ImportPorts {
  readonly mail: LocalMail;
  /** null for a dry run where there is no archive yet. */
  readonly index: ImportIndex | null;
  readonly store: MessageStore;
  /** SHA-256 in lower-case hex. */
  readonly digest: (text: string) => string;
  readonly startHash: () => RunningHash;
}

export interface ImportOptions {
  /** What the mailboxes go by, below `Imported`. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: ImportProgress) => void) | undefined;
}

export interface ImportProgress {
  readonly mailbox: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface ImportedMailbox {
  readonly from: string;
  readonly to: string;
  /** Messages that are new here, and with dryRun would be. */
  imported: number;
  /** Messages that the archive has already. */
  present: number;
  failed: number;
  /** Octets of `imported`. */
  bytes: number;
}

export interface ImportReport {
  readonly imported: number;
  readonly present: number;
  readonly failed: number;
  readonly bytes: number;
  readonly mailboxes: readonly ImportedMailbox[];
  readonly failures: readonly { readonly file: string; readonly reason: string }[];
}

export async function importMail(ports: ImportPorts, options: ImportOptions): Promise<ImportReport> {
  const mailboxes: ImportedMailbox[] = [];
  const failures: { file: string; reason: string }[] = [];
  const run = options.dryRun ? 0 : ports.index!.begin();
  for (const mailbox of ports.mail.mailboxes) {
    const importer = new MailboxImport(ports, options, run, mailbox);
    mailboxes.push(importer.counts);
    failures.push(...(await importer.importAll(mailbox)));
  }
  if (!options.dryRun) ports.index!.end();
  const sum = (count: (mailbox: ImportedMailbox) => number) =>
    mailboxes.reduce((total, mailbox) => total + count(mailbox), 0);
  return {
    imported: sum(({ imported }) => imported),
    present: sum(({ present }) => present),
    failed: sum(({ failed }) => failed),
    bytes: sum(({ bytes }) => bytes),
    mailboxes,
    failures,
  };
}

const MAX_FILES = 400;
const MAX_OCTETS = 32 * 1024 * 1024;

interface Arriving {
  readonly file: string;
  readonly receivedAt: number;
  readonly flags: string;
  readonly message: ForeignMessage;
  readonly hash: RunningHash;
  /** null in a dry run. */
  readonly writer: BodyWriter | null;
  size: number;
}

interface Waiting {
  readonly receivedAt: number;
  readonly flags: string;
  readonly body: PendingBody;
}

class MailboxImport {
  readonly counts: ImportedMailbox;
  readonly #ports: ImportPorts;
  readonly #options: ImportOptions;
  readonly #run: number;
  readonly #names: ImportNames;
  readonly #failures: { file: string; reason: string }[] = [];
  #known: { readonly mailbox: number; readonly folder: string } | null = null;
  #target: ImportMailbox | null = null;
  #uid = 0;
  #arriving: Arriving | null = null;
  #waiting: Waiting[] = [];
  #octets = 0;
  /** Content of this mailbox that the index doesn't know yet. */
  readonly #fresh = new Set<string>();

  constructor(ports: ImportPorts, options: ImportOptions, run: number, mailbox: LocalMailbox) {
    this.#ports = ports;
    this.#options = options;
    this.#run = run;
    const path = mailboxPath('Imported', options.name, ...mailbox.components);
    this.#names = {
      path: displayPath(path),
      components: path.components.map(({ text }) => text),
      folder: mailboxFolder(path, ports.digest),
    };
    this.counts = { from: mailbox.from, to: this.#names.path, imported: 0, present: 0, failed: 0, bytes: 0 };
  }

  /** Returns what could not be taken. Throws InterruptedError and ArchiveError; what was recorded stays. */
  async importAll(mailbox: LocalMailbox): Promise<readonly { file: string; reason: string }[]> {
    this.#known = this.#ports.index?.find(this.#names) ?? null;
    if (this.#known !== null && !this.#options.dryRun) await this.#takeUp(this.#known);
    try {
      for await (const event of this.#ports.mail.read(mailbox)) await this.#take(event);
    } catch (error) {
      this.#arriving?.writer?.abort();
      // What has come whole is worth keeping, as long as the disk takes it.
      if (!(error instanceof ArchiveError)) await this.#flush();
      throw error;
    }
    await this.#flush();
    return this.#failures;
  }

  async #take(event: LocalEvent): Promise<void> {
    switch (event.kind) {
      case 'begin':
        throwIfAborted(this.#options.signal);
        this.#arriving = await this.#begin(event);
        return;
      case 'octets':
        throwIfAborted(this.#options.signal);
        for (const octets of this.#arriving!.message.push(event.octets)) await this.#write(octets);
        return;
      case 'end':
        for (const octets of this.#arriving!.message.end()) await this.#write(octets);
        await this.#end(this.#arriving!);
        this.#arriving = null;
        return;
      case 'failed':
        this.#arriving?.writer?.abort();
        this.#arriving = null;
        this.counts.failed += 1;
        this.#failures.push({ file: event.file, reason: event.reason });
    }
  }

  async #begin(event: Extract<LocalEvent, { kind: 'begin' }>): Promise<Arriving> {
    const { file, receivedAt, flags } = event;
    const { store, startHash } = this.#ports;
    const writer = this.#options.dryRun ? null : store.create(await this.#folder(), receivedAt, 'removed');
    return { file, receivedAt, flags, message: new ForeignMessage(), hash: startHash(), writer, size: 0 };
  }

  async #write(octets: Uint8Array): Promise<void> {
    const arriving = this.#arriving!;
    arriving.size += octets.length;
    arriving.hash.update(octets);
    // The reader uses its memory again, and the writer may keep what it is given.
    await arriving.writer?.write(new Uint8Array(octets));
  }

  async #end({ receivedAt, flags, hash, writer, size }: Arriving): Promise<void> {
    const sha256 = hash.hex();
    if (this.#fresh.has(sha256) || this.#ports.index?.has(sha256, this.#known?.mailbox ?? null) === true) {
      writer?.abort();
      this.counts.present += 1;
      return;
    }
    this.#fresh.add(sha256);
    this.counts.imported += 1;
    this.counts.bytes += size;
    this.#options.onProgress?.({
      mailbox: this.counts.to,
      messages: this.counts.imported + this.counts.present,
      bytes: this.counts.bytes,
    });
    if (writer === null) return;
    this.#waiting.push({ receivedAt, flags, body: await writer.finish() });
    this.#octets += size;
    if (this.#waiting.length >= MAX_FILES || this.#octets >= MAX_OCTETS) await this.#flush();
  }

  /** A new mailbox is in the index before anything is written for it; a known one gets no generation for nothing. */
  async #folder(): Promise<string> {
    this.#known ??= this.#opened();
    await this.#ports.store.prepareFolders('removed', [this.#known.folder]);
    return this.#known.folder;
  }

  #opened(): ImportMailbox {
    this.#target ??= this.#ports.index!.open(this.#run, this.#names);
    return this.#target;
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#octets = 0;
    if (waiting.length === 0) return;
    const { store, index } = this.#ports;
    const target = this.#opened();
    const written = await store.collect(waiting.map(({ body }) => body));
    const bodies: { body: WrittenBody; place: FilePlace; linkTo: FilePlace | null }[] = [];
    const messages: ImportedMessage[] = [];
    for (const [at, { receivedAt, flags }] of waiting.entries()) {
      const body = written[at]!;
      this.#uid += 1;
      const message = messageOf(this.#uid, receivedAt, flags, body);
      messages.push(message);
      bodies.push({ body, place: placeOf(target, message), linkTo: await this.#twin(body, receivedAt) });
    }
    await store.commit(bodies);
    index!.record(this.#run, target, messages);
  }

  /** The same message in another mailbox of the import: one inode serves both. */
  async #twin({ sha256 }: WrittenBody, receivedAt: number): Promise<FilePlace | null> {
    const { index, store } = this.#ports;
    const twin = index!.twin(sha256, receivedAt);
    return twin !== null && (await store.measure(twin))?.sha256 === sha256 ? twin : null;
  }

  /** What an import that was killed had named and could not record any more. */
  async #takeUp({ mailbox, folder }: { mailbox: number; folder: string }): Promise<void> {
    const { store, index } = this.#ports;
    await store.sweep([folder]);
    for (const name of await store.list('removed', folder)) {
      const parsed = parseMaildirFileName(name);
      if (parsed === null || index!.isKnown(mailbox, parsed.generation, parsed.uid)) continue;
      const place: FilePlace = { tree: 'removed', folder, name };
      const facts = await store.measure(place);
      if (facts === null || facts.sha256 !== parsed.sha256 || facts.size !== parsed.size) continue;
      // It may have its name and not yet the fsync of its folder: a move to where it is does that.
      await store.move([{ from: place, to: place }]);
      const flags = flagsOfLetters(parsed.letters, []).join(' ');
      const target = { mailbox, folder, generation: parsed.generation };
      index!.record(this.#run, target, [messageOf(parsed.uid, parsed.receivedAt, flags, facts)]);
      this.counts.imported += 1;
      this.counts.bytes += facts.size;
    }
  }
}

function messageOf(
  uid: number,
  receivedAt: number,
  flags: string,
  { sha256, size, headerSha256, messageId }: WrittenBody,
): ImportedMessage {
  const letters = maildirLetters(flags, []);
  const body = { sha256, size, headerSha256 };
  return { uid, receivedAt, flags, letters, body, messageId };
}

function placeOf({ folder, generation }: ImportMailbox, message: ImportedMessage): FilePlace {
  const { uid, receivedAt, letters, body } = message;
  return {
    tree: 'removed',
    folder,
    name: maildirFileName({ receivedAt, generation, uid, sha256: body.sha256, size: body.size }, letters),
  };
}
