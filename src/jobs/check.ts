/**
 * Proves the archive: what the index says against what lies in the folders, and with `readData` every octet
 * against its hash. Only looks; nothing is repaired here.
 */
import type { ArchiveInventory, IndexedFile, IndexedMailbox } from '../core/archive-ports.js';
import { throwIfAborted } from '../core/errors.js';
import { uniquePart } from '../core/maildir-name.js';
import type { FilePlace, FolderInventory, Tree } from '../core/store-ports.js';

export interface Finding {
  readonly mailbox: string;
  /** Below the account's folder, with "/" as separator. */
  readonly file: string;
  readonly uid: number | null;
  readonly reason: string;
}

export interface CheckReport {
  readonly account: string;
  readonly files: number;
  readonly bytes: number;
  readonly readData: boolean;
  readonly missing: readonly Finding[];
  readonly corrupt: readonly Finding[];
  readonly unindexed: readonly Finding[];
}

export interface CheckOptions {
  readonly account: string;
  readonly readData: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((files: number, bytes: number) => void) | undefined;
}

/** Files hashed at once: enough to keep a disk and the hash busy together. */
const READERS = 4;

export async function checkArchive(
  index: ArchiveInventory,
  folders: FolderInventory,
  options: CheckOptions,
): Promise<CheckReport> {
  const check = new Check(folders, options);
  const mailboxes = index.mailboxes();
  for (const tree of ['mail', 'removed'] as const) {
    for (const mailbox of mailboxes) await check.mailbox(mailbox, tree, index.files(mailbox, tree));
    await check.strays(tree, new Set(mailboxes.map((mailbox) => mailbox.folder)));
  }
  return check.report();
}

class Check {
  readonly #folders: FolderInventory;
  readonly #options: CheckOptions;
  #files = 0;
  #bytes = 0;
  readonly #missing: Finding[] = [];
  readonly #corrupt: Finding[] = [];
  readonly #unindexed: Finding[] = [];
  /** Hard links share an inode: its octets are read once. */
  readonly #measured = new Map<string, Promise<string | null>>();

  constructor(folders: FolderInventory, options: CheckOptions) {
    this.#folders = folders;
    this.#options = options;
  }

  async mailbox(mailbox: IndexedMailbox, tree: Tree, expected: Iterable<IndexedFile>): Promise<void> {
    const found = new Map<string, { name: string; size: number; inode: string }>();
    for await (const entry of this.#folders.entries(tree, mailbox.folder))
      found.set(uniquePart(entry.name), entry);
    const reading = new Set<Promise<void>>();
    for (const file of expected) {
      throwIfAborted(this.#options.signal);
      const entry = found.get(uniquePart(file.place.name));
      if (entry === undefined) {
        this.#missing.push(finding(mailbox.path, file.place, file.uid, 'the file is not there'));
        continue;
      }
      found.delete(uniquePart(file.place.name));
      this.#files += 1;
      this.#bytes += entry.size;
      if (entry.size !== file.size) {
        this.#corrupt.push(
          finding(mailbox.path, file.place, file.uid, `${entry.size} octets instead of ${file.size}`),
        );
      } else if (entry.name !== file.place.name) {
        this.#corrupt.push(
          finding(
            mailbox.path,
            { ...file.place, name: entry.name },
            file.uid,
            `the flags in the name are not those of the index (${file.place.name})`,
          ),
        );
      } else if (this.#options.readData) {
        const task = this.#measure(mailbox, file, entry.inode).finally(() => reading.delete(task));
        reading.add(task);
        if (reading.size >= READERS) await Promise.race(reading);
      }
      if (this.#files % 500 === 0) this.#options.onProgress?.(this.#files, this.#bytes);
    }
    await Promise.all(reading);
    for (const entry of found.values()) {
      const place = { tree, folder: mailbox.folder, name: entry.name };
      this.#unindexed.push(finding(mailbox.path, place, null, 'the index does not know this file'));
    }
  }

  /** Folders that belong to no mailbox of the index. */
  async strays(tree: Tree, known: ReadonlySet<string>): Promise<void> {
    for (const folder of await this.#folders.folders(tree)) {
      if (known.has(folder)) continue;
      for await (const entry of this.#folders.entries(tree, folder)) {
        this.#unindexed.push(
          finding(folder, { tree, folder, name: entry.name }, null, 'the index does not know this folder'),
        );
      }
    }
  }

  report(): CheckReport {
    return {
      account: this.#options.account,
      files: this.#files,
      bytes: this.#bytes,
      readData: this.#options.readData,
      missing: this.#missing,
      corrupt: this.#corrupt,
      unindexed: this.#unindexed,
    };
  }

  async #measure(mailbox: IndexedMailbox, file: IndexedFile, inode: string): Promise<void> {
    let measuring = this.#measured.get(inode);
    if (measuring === undefined) {
      measuring = this.#folders.measure(file.place).then((facts) => facts?.sha256 ?? null);
      this.#measured.set(inode, measuring);
    }
    const sha256 = await measuring;
    if (sha256 === null)
      this.#missing.push(finding(mailbox.path, file.place, file.uid, 'the file went away during the check'));
    else if (sha256 !== file.sha256)
      this.#corrupt.push(finding(mailbox.path, file.place, file.uid, 'its octets do not match its SHA-256'));
  }
}

function finding(mailbox: string, place: FilePlace, uid: number | null, reason: string): Finding {
  return { mailbox, file: `${place.tree}/${place.folder}/cur/${place.name}`, uid, reason };
}
