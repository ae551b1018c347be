/**
 * What every phase of one account's run shares: the ports, the run's number, the tally that becomes the
 * report, and the keyword letters of each folder.
 */

import type { RateLimit } from '../core/byte-budget.js';
import type { Journal } from '../core/journal.js';
import {
  type MaildirName,
  maildirFileName,
  maildirLetters,
  newKeywords,
} from '../core/mailbox/maildir-name.js';
import type { IndexedMailbox } from '../core/ports/placements.js';
import type { SourceFactory } from '../core/ports/source.js';
import type { FilePlace, MessageStore, Tree } from '../core/ports/store.js';
import type { SyncIndex } from '../core/ports/sync-index.js';
import type { Failure } from '../core/report.js';
import type { GuardPolicy } from '../core/sync/guard.js';
import { SyncBudget } from './rate-limit.js';

export interface SyncPorts {
  readonly source: SourceFactory;
  readonly store: MessageStore;
  readonly index: SyncIndex;
  readonly journal: Journal;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** From 0 to below 1, so that nobody outside can foresee it. */
  readonly random: () => number;
  /** SHA-256 in lower-case hex. */
  readonly digest: (data: string | Uint8Array) => string;
}

/** How far the download has come; everything else is quick. */
export interface SyncProgress {
  readonly mailbox: string;
  readonly messages: number;
  readonly messagesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface SyncOptions {
  readonly account: string;
  /** Whether a mailbox path belongs to this run. */
  readonly selects: (path: string) => boolean;
  readonly full: boolean;
  /** Stop after the plans: nothing is fetched, moved or recorded. */
  readonly dryRun: boolean;
  readonly guard: GuardPolicy;
  /** Most octets of messages per time; absent or null: as many as come. */
  readonly rateLimit?: RateLimit | null | undefined;
  /** How long stored messages stay on the server, where mailkeep is to delete them there; default: for good. */
  readonly deleteAfterMs?: number | null;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  /** After each message that went by, in whatever phase: how many since the run began, and octets of them. */
  readonly onPassed?: ((passed: { readonly messages: number; readonly bytes: number }) => void) | undefined;
}

/** The counts of a report while they grow. */
class Tally {
  mailboxes = 0;
  mailboxesChanged = 0;
  /** Bodies that came whole; what the disk then took is `added`. */
  arrived = 0;
  added = 0;
  adopted = 0;
  bytesDownloaded = 0;
  flagsChanged = 0;
  moved = 0;
  removed = 0;
  deletedOnServer = 0;
  readonly failures: Failure[] = [];
  /** Something could not be seen whole: nothing may be retired. */
  blind = false;

  mailboxFailed(mailbox: string, reason: string): void {
    this.blind = true;
    this.failures.push({ mailbox, uid: null, reason });
  }
}

export class SyncContext {
  readonly ports: SyncPorts;
  readonly options: SyncOptions;
  readonly run: number;
  readonly tally = new Tally();
  /** null without a limit. */
  readonly budget: SyncBudget | null;
  readonly #passed = { messages: 0, bytes: 0 };
  #mailboxes = new Map<number, IndexedMailbox>();
  /** Of those that the server lists. */
  readonly #byWireName = new Map<string, IndexedMailbox>();
  /** By path: asked for every message. */
  readonly #selected = new Map<string, boolean>();
  readonly #keywords = new Map<number, string[]>();
  /** Of each mailbox, by canonical flags: few sets are distinct. */
  readonly #letters = new Map<number, Map<string, string>>();

  constructor(ports: SyncPorts, options: SyncOptions, run: number) {
    this.ports = ports;
    this.options = options;
    this.run = run;
    const limit = options.rateLimit ?? null;
    this.budget = limit === null ? null : new SyncBudget(limit, ports.index, ports.clock);
  }

  /** A message went by, with so many of its octets: stored, compared, linked or retired. */
  passed(bytes: number): void {
    this.#passed.messages += 1;
    this.#passed.bytes += bytes;
    this.options.onPassed?.(this.#passed);
  }

  refreshMailboxes(): void {
    const mailboxes = this.ports.index.mailboxes();
    this.#mailboxes = new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]));
    this.#byWireName.clear();
    for (const mailbox of mailboxes) if (mailbox.listed) this.#byWireName.set(mailbox.wireName, mailbox);
  }

  get mailboxes(): IterableIterator<IndexedMailbox> {
    return this.#mailboxes.values();
  }

  mailbox(id: number): IndexedMailbox {
    const mailbox = this.#mailboxes.get(id);
    if (mailbox === undefined) throw new Error(`mailbox ${id} is not in the index`);
    return mailbox;
  }

  /** Whether the mailbox can be read, and belongs to this run; others wait for another one. */
  isSelected(id: number): boolean {
    const { path, uidValidity } = this.mailbox(id);
    return uidValidity !== null && this.selects(path);
  }

  /** As the option of this name. */
  selects(path: string): boolean {
    let selected = this.#selected.get(path);
    if (selected === undefined) {
      selected = this.options.selects(path);
      this.#selected.set(path, selected);
    }
    return selected;
  }

  byWireName(wireName: string): IndexedMailbox | undefined {
    return this.#byWireName.get(wireName);
  }

  /** Gives letters to the keywords of these rows: file first, then index, then any name that uses them. */
  async prepareKeywords(
    rows: readonly { readonly mailbox: number; readonly flags: string }[],
  ): Promise<void> {
    for (const [mailbox, own] of byMailbox(rows)) {
      const known = this.#keywordsOf(mailbox);
      const fresh: string[] = [];
      for (const flags of new Set(own.map((row) => row.flags)))
        fresh.push(...newKeywords(flags, [...known, ...fresh]));
      if (fresh.length === 0) continue;
      await this.ports.store.writeKeywords('mail', this.mailbox(mailbox).folder, [...known, ...fresh]);
      this.ports.index.addKeywords(mailbox, fresh);
      known.push(...fresh);
      this.#letters.delete(mailbox);
    }
  }

  /** removed/ carries the same letters as mail/. */
  async prepareRemoved(mailbox: number): Promise<void> {
    await this.ports.store.writeKeywords('removed', this.mailbox(mailbox).folder, this.#keywordsOf(mailbox));
  }

  letters(mailbox: number, flags: string): string {
    let known = this.#letters.get(mailbox);
    if (known === undefined) {
      known = new Map();
      this.#letters.set(mailbox, known);
    }
    let letters = known.get(flags);
    if (letters === undefined) {
      letters = maildirLetters(flags, this.#keywordsOf(mailbox));
      known.set(flags, letters);
    }
    return letters;
  }

  place(tree: Tree, mailbox: number, name: MaildirName, letters: string): FilePlace {
    return { tree, folder: this.mailbox(mailbox).folder, name: maildirFileName(name, letters) };
  }

  #keywordsOf(mailbox: number): string[] {
    let keywords = this.#keywords.get(mailbox);
    if (keywords === undefined) {
      keywords = this.ports.index.keywords(mailbox);
      this.#keywords.set(mailbox, keywords);
    }
    return keywords;
  }
}

/** Rows by their mailbox, in the order in which the mailboxes first come. */
export function byMailbox<T extends { readonly mailbox: number }>(rows: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.mailbox);
    if (group === undefined) groups.set(row.mailbox, [row]);
    else group.push(row);
  }
  return groups;
}
