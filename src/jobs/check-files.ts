/**
 * Names, sizes, places, dates and modes: every file that the index knows against the folders, and every file
 * in the folders against the index. A file is known by the part of its name that never changes.
 */

import { throwIfAborted } from '../core/errors.js';
import { isDatedAs } from '../core/mailbox/file-date.js';
import { parseMaildirFileName, uniquePart } from '../core/mailbox/maildir-name.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type {
  FolderEntry,
  FolderInventory,
  FoundPlace,
  KnownFile,
  MaildirPart,
  ProofIndex,
} from '../core/ports/proof.js';
import { TREES, type Tree } from '../core/ports/store.js';
import { type Finding, type FindingKind, pathOf } from '../core/proof/findings.js';
import type { DataReader } from './check-data.js';

/** Files looked at between two turns of the event loop. */
const FILES_A_TURN = 1000;

interface Stray {
  /** Mailbox or folder, for the report. */
  readonly mailbox: string;
  readonly place: FoundPlace;
  readonly entry: FolderEntry;
}

export class FileComparison {
  readonly findings: Finding[] = [];
  files = 0;
  bytes = 0;
  readonly #index: ProofIndex;
  readonly #folders: FolderInventory;
  readonly #reader: DataReader;
  readonly #signal: AbortSignal;
  readonly #absent: KnownFile[] = [];
  readonly #strays: Stray[] = [];
  /** Content and date to the inode that all of its names should share. */
  readonly #twins = new Map<string, { readonly inode: string; readonly placement: number }>();

  constructor(index: ProofIndex, folders: FolderInventory, reader: DataReader, signal: AbortSignal) {
    this.#index = index;
    this.#folders = folders;
    this.#reader = reader;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const mailboxes = this.#index.mailboxes();
    const known = new Set(mailboxes.map(({ folder }) => folder));
    for (const tree of TREES) {
      for (const mailbox of mailboxes) await this.#folder(mailbox, tree);
      for (const folder of await this.#folders.folders(tree)) {
        if (known.has(folder)) continue;
        for (const entry of (await this.#folders.scan(tree, folder)) ?? [])
          this.#stray(folder, tree, folder, entry);
      }
    }
    this.#explain();
  }

  async #folder(mailbox: IndexedMailbox, tree: Tree): Promise<void> {
    throwIfAborted(this.#signal);
    const found = this.#partsByName(mailbox, tree);
    const isMoving = this.#index.movingFolder() !== null;
    if (
      found === null &&
      !isMoving &&
      ((tree === 'mail' && isMade(mailbox)) || this.#hasFiles(mailbox, tree))
    ) {
      const reason = 'the folder of this mailbox is not there';
      this.#add('lost_folder', mailbox.path, `${tree}/${mailbox.folder}`, null, reason);
    }
    this.#folderMode(mailbox.path, tree, mailbox.folder);
    const renamed: KnownFile[] = [];
    let steps = 0;
    // Each file is looked at when its row comes: what is seen of all of them would take more than their names.
    for (const file of this.#index.files(mailbox, tree)) {
      const { name } = file.place;
      const part = found?.get(name);
      found?.delete(name);
      const entry =
        part === undefined ? null : this.#folders.find({ tree, folder: mailbox.folder, part, name });
      if (entry === null) renamed.push(file);
      else {
        const full = this.#compare(file, entry);
        if (full !== null) await this.#wait(full);
      }
      if (++steps % FILES_A_TURN === 0) await this.#wait(this.#folders.turn());
    }
    await this.#takeRest(mailbox, tree, found ?? new Map(), renamed);
  }

  /** Null where there is no such folder. Of a name that is there twice, the one in new/ lies where nothing should. */
  #partsByName({ path, folder }: IndexedMailbox, tree: Tree): Map<string, MaildirPart> | null {
    const names = this.#folders.names(tree, folder);
    if (names === null) return null;
    const parts = new Map<string, MaildirPart>();
    for (const name of names.cur) parts.set(name, 'cur');
    for (const name of names.new) {
      if (parts.has(name) && this.#folders.find({ tree, folder, part: 'cur', name }) !== null) {
        const entry = this.#folders.find({ tree, folder, part: 'new', name });
        if (entry !== null) this.#stray(path, tree, folder, entry);
        continue;
      }
      parts.delete(name);
      parts.set(name, 'new');
    }
    return parts;
  }

  /** What has no file under its whole name may have one with other flags; what is left then is in nobody's place. */
  async #takeRest(
    mailbox: IndexedMailbox,
    tree: Tree,
    found: ReadonlyMap<string, MaildirPart>,
    renamed: readonly KnownFile[],
  ): Promise<void> {
    const rest = new Map<string, FolderEntry>();
    let steps = 0;
    for (const [name, part] of found) {
      const entry = this.#folders.find({ tree, folder: mailbox.folder, part, name });
      if (entry !== null) rest.set(name, entry);
      if (++steps % FILES_A_TURN === 0) await this.#wait(this.#folders.turn());
    }
    const byBeginning = new Map<string, FolderEntry>();
    if (renamed.length > 0) for (const entry of rest.values()) byBeginning.set(uniquePart(entry.name), entry);
    for (const file of renamed) {
      const entry = byBeginning.get(uniquePart(file.place.name));
      if (entry === undefined) this.#absent.push(file);
      else {
        rest.delete(entry.name);
        const full = this.#compare(file, entry);
        if (full !== null) await this.#wait(full);
      }
    }
    for (const entry of rest.values()) this.#stray(mailbox.path, tree, mailbox.folder, entry);
  }

  #hasFiles(mailbox: IndexedMailbox, tree: Tree): boolean {
    for (const _ of this.#index.files(mailbox, tree)) return true;
    return false;
  }

  async #wait(full: Promise<void>): Promise<void> {
    await full;
    throwIfAborted(this.#signal);
  }

  /** A promise where the caller should wait before it goes on. */
  #compare(file: KnownFile, entry: FolderEntry): Promise<void> | null {
    this.files += 1;
    this.bytes += entry.size;
    const place = { ...file.place, part: entry.part, name: entry.name };
    const add = (kind: FindingKind, reason: string, twin?: number) =>
      this.findings.push({
        kind,
        mailbox: file.path,
        file: pathOf(place),
        uid: file.uid,
        reason,
        known: file,
        found: { place, entry },
        twin,
      });
    if (entry.size !== file.size) {
      add('size', `${entry.size} octets instead of ${file.size}`);
      return null;
    }
    if ((entry.name !== file.place.name || entry.part !== 'cur') && !file.inFlux)
      add('flags', `its name should be cur/${file.place.name}`);
    if (!isDatedAs(entry.modified, file.receivedAt))
      add('date', `its date is ${date(entry.modified)} instead of ${date(file.receivedAt)}`);
    if ((entry.mode & 0o077) !== 0) add('mode', `its mode is ${entry.mode.toString(8)} instead of 600`);
    if (file.hasCopies) {
      const key = `${file.message} ${file.receivedAt}`;
      const twin = this.#twins.get(key);
      if (twin === undefined) this.#twins.set(key, { inode: entry.inode, placement: file.placement });
      else if (twin.inode !== entry.inode)
        add('link', 'a copy of its own, where a hard link would do', twin.placement);
    }
    return this.#reader.add(file, place, entry);
  }

  /** What is not where it should be may be what lies where nothing should be. */
  #explain(): void {
    const byName = new Map<string, Stray[]>();
    for (const stray of this.#strays) {
      const key = uniquePart(stray.entry.name);
      byName.set(key, [...(byName.get(key) ?? []), stray]);
    }
    for (const file of this.#absent) {
      const stray = byName.get(uniquePart(file.place.name))?.shift();
      if (stray === undefined) this.#missing(file);
      else this.#misplaced(file, stray);
    }
    for (const strays of byName.values()) for (const stray of strays) this.#unknown(stray);
  }

  #missing(file: KnownFile): void {
    if (file.pruning) return;
    // A link that was dropped, and the run stopped before it could say so.
    const [kind, reason] =
      file.inFlux && file.hasCopies
        ? (['unfinished', 'a run was cut short over it; the next one finishes it'] as const)
        : (['missing', 'the file is not there'] as const);
    this.findings.push({
      kind,
      mailbox: file.path,
      file: pathOf(file.place),
      uid: file.uid,
      reason,
      known: file,
    });
  }

  #misplaced(file: KnownFile, { place, entry }: Stray): void {
    this.files += 1;
    this.bytes += entry.size;
    const moving = this.#index.movingFolder();
    const isUnfinished =
      (file.inFlux && place.folder === file.place.folder) ||
      (moving !== null && place.folder === moving.from && file.place.folder === moving.to);
    this.findings.push({
      kind: isUnfinished ? 'unfinished' : 'misplaced',
      mailbox: file.path,
      file: pathOf(file.place),
      uid: file.uid,
      reason: `it lies in ${place.tree}/${place.folder}${isUnfinished ? '; the next run moves it' : ' instead'}`,
      known: file,
      found: { place, entry },
    });
  }

  #unknown({ mailbox, place, entry }: Stray): void {
    const parsed = parseMaildirFileName(place.name);
    const row = parsed === null ? null : this.#index.lookUp(place.folder, parsed.generation, parsed.uid);
    const [kind, reason] = ((): [FindingKind, string] => {
      if (place.name.startsWith('.'))
        return ['hidden', 'not a file of mailkeep, and no message; it is left alone'];
      if (parsed === null) return ['foreign', 'not a file of mailkeep: some other program put it here'];
      if (row === null) return ['unknown', 'the index does not know this file'];
      if (row.sha256 === null) return ['unrecorded', 'a run was cut short before it was recorded'];
      if (row.sha256 !== parsed.sha256)
        return ['unknown', 'the index has another message under this generation and UID'];
      return row.hasFile
        ? ['duplicate', 'a second file of a message that is there']
        : ['unknown', 'the index has this message without a file'];
    })();
    this.findings.push({
      kind,
      mailbox,
      file: pathOf(place),
      uid: parsed?.uid ?? null,
      reason,
      found: { place, entry },
    });
  }

  #folderMode(mailbox: string, tree: Tree, folder: string): void {
    const mode = this.#folders.folderMode(tree, folder);
    if (mode !== null && (mode & 0o077) !== 0)
      this.#add('mode', mailbox, `${tree}/${folder}`, null, `its mode is ${mode.toString(8)} instead of 700`);
  }

  #stray(mailbox: string, tree: Tree, folder: string, entry: FolderEntry): void {
    this.#strays.push({ mailbox, place: { tree, folder, part: entry.part, name: entry.name }, entry });
  }

  #add(kind: FindingKind, mailbox: string, file: string, uid: number | null, reason: string): void {
    this.findings.push({ kind, mailbox, file, uid, reason });
  }
}

/** A mailbox that was seen whole once has had its folder made. */
function isMade(mailbox: IndexedMailbox): boolean {
  return mailbox.listed && mailbox.uidValidity !== null;
}

function date(seconds: number): string {
  return Math.abs(seconds) <= 8.64e12 ? new Date(seconds * 1000).toISOString() : `${seconds} s`;
}
