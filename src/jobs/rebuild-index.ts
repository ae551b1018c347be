/**
 * Makes the index anew from the journal and the files alone: the journal tells what happened, the files hold
 * what is there. Message files are only read. Until the end the old index stays where it is, so that this
 * may be stopped and repeated at will.
 */
import { ArchiveError, describeError, throwIfAborted } from '../core/errors.js';
import { type MaildirName, parseMaildirFileName } from '../core/mailbox/maildir-name.js';
import type { MaildirPart } from '../core/ports/proof.js';
import type { FoundContent, JournalReader, RebuildInventory, RebuildTarget } from '../core/ports/rebuild.js';
import { TREES, type Tree } from '../core/ports/store.js';

export interface RebuildPorts {
  readonly journal: JournalReader;
  readonly inventory: RebuildInventory;
  readonly index: RebuildTarget;
}

export interface RebuildOptions {
  readonly account: string;
  /** Hash every file; otherwise its name is believed if the size agrees. */
  readonly readData: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: ((files: number) => void) | undefined;
}

export interface RebuildReport {
  readonly account: string;
  /** Lines of the journal that were read, and those that could not be. */
  readonly lines: number;
  readonly damagedLines: number;
  readonly mailboxes: number;
  readonly files: number;
  /** Files that are no whole message of ours; they were left where they are. */
  readonly leftOut: readonly { readonly file: string; readonly reason: string }[];
}

type Named = MaildirName & { readonly letters: string };

interface FileThere {
  readonly tree: Tree;
  readonly folder: string;
  readonly part: MaildirPart;
  readonly file: string;
  readonly size: number;
}

/** Files read side by side. */
const READERS = 8;
const PAGE = 400;

export async function rebuildIndex(ports: RebuildPorts, options: RebuildOptions): Promise<RebuildReport> {
  const { journal, index } = ports;
  try {
    let [lines, damagedLines] = [0, 0];
    for await (const line of journal.lines()) {
      throwIfAborted(options.signal);
      lines += 1;
      if (line === null || index.apply(line) > 0) damagedLines += 1;
    }
    const taker = new Taker(ports, options);
    await taker.takeAll();
    const mailboxes = index.mailboxes().length;
    index.finish();
    const { files, leftOut } = taker;
    return {
      account: options.account,
      lines,
      damagedLines,
      mailboxes,
      files,
      leftOut,
    };
  } catch (error) {
    index.discard();
    throw error;
  }
}

class Taker {
  readonly leftOut: { file: string; reason: string }[] = [];
  files = 0;
  readonly #ports: RebuildPorts;
  readonly #options: RebuildOptions;

  constructor(ports: RebuildPorts, options: RebuildOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** mail/ first: where both trees have the file of a placement, that one counts. */
  async takeAll(): Promise<void> {
    const { inventory, index } = this.#ports;
    const ids = new Map(index.mailboxes().map(({ folder, id }) => [folder, id]));
    for (const tree of TREES) {
      for (const folder of await inventory.folders(tree)) {
        const found = (await inventory.scan(tree, folder)) ?? [];
        const entries: FileThere[] = found.map(({ part, name, size }) => ({
          tree,
          folder,
          part,
          file: name,
          size,
        }));
        // In a fixed order, so that the same files always make the same index.
        entries.sort((a, b) => (a.file < b.file ? -1 : 1));
        let mailbox = ids.get(folder);
        // An empty folder that the journal doesn't know tells of no mailbox: one that was renamed leaves one.
        if (mailbox === undefined && entries.length === 0) continue;
        if (mailbox === undefined) {
          mailbox = index.addMailbox(folder, highestGeneration(entries));
          ids.set(folder, mailbox);
        }
        const keywords = inventory.keywords(tree, folder);
        if (keywords.length > 0) index.setKeywords(mailbox, keywords);
        for (let at = 0; at < entries.length; at += PAGE)
          await this.#takePage(mailbox, entries.slice(at, at + PAGE));
      }
    }
  }

  async #takePage(mailbox: number, page: readonly FileThere[]): Promise<void> {
    throwIfAborted(this.#options.signal);
    const named = page.flatMap((entry) => {
      const name = parseMaildirFileName(entry.file);
      if (name === null) this.#leaveOut(entry, 'mailkeep has not named it');
      else if (name.size !== entry.size)
        this.#leaveOut(entry, `${entry.size} octets instead of ${name.size}`);
      else return [{ entry, name }];
      return [];
    });
    const contents = await inGroups(named, READERS, ({ entry, name }) => this.#contentOf(entry, name));
    named.forEach(({ entry, name }, at) => {
      const content = contents[at]!;
      if (typeof content === 'string') {
        this.#leaveOut(entry, content);
        return;
      }
      if (content !== null) this.#ports.index.addContent(content);
      if (this.#ports.index.attach(mailbox, { tree: entry.tree, name })) this.files += 1;
      else this.#leaveOut(entry, 'another file stands for the same message');
    });
    this.#options.onProgress?.(this.files);
  }

  /** null where the index has it already, a sentence where the file is not what it says. */
  async #contentOf(entry: FileThere, name: Named): Promise<FoundContent | null | string> {
    const { inventory, index } = this.#ports;
    const { tree, folder, part, file } = entry;
    const place = { tree, folder, part, name: file };
    if (this.#options.readData) {
      const facts = await ifReadable(() => inventory.measure(place));
      if (typeof facts === 'string') return facts;
      if (facts.sha256 !== name.sha256) return 'its octets do not match its SHA-256';
      return { ...name, headerSha256: facts.headerSha256, messageId: facts.messageId };
    }
    if (index.knows(name.sha256)) return null;
    const facts = await ifReadable(() => inventory.header(place));
    if (typeof facts === 'string') return facts;
    return { ...name, headerSha256: facts.headerSha256, messageId: facts.messageId };
  }

  #leaveOut({ tree, folder, part, file }: FileThere, reason: string): void {
    this.leftOut.push({ file: `${tree}/${folder}/${part}/${file}`, reason });
  }
}

/** One file that the disk does not give back keeps no other out of the index. */
async function ifReadable<T>(read: () => Promise<T | null>): Promise<T | string> {
  try {
    return (await read()) ?? 'it went away meanwhile';
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'io')
      return `it can't be read: ${describeError(error.cause ?? error)}`;
    throw error;
  }
}

function highestGeneration(entries: readonly FileThere[]): number {
  return entries.reduce((highest, { file }) => {
    return Math.max(highest, parseMaildirFileName(file)?.generation ?? 1);
  }, 1);
}

async function inGroups<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += size)
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))));
  return results;
}
