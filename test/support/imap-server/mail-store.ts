// What one user has: mailboxes keyed by their raw wire name, and subscriptions. Tests change it directly;
// sessions hear of it at once. Nothing here judges a name, because a hostile server would not either:
// creating a mailbox creates exactly that name and none above it.

import { Mailbox } from './mailbox.js';
import { canonicalName } from './mailbox-name.js';

export interface MailStoreOptions {
  readonly separator?: string;
  /** Prefix of the personal namespace, e.g. `INBOX.`. */
  readonly prefix?: string;
}

export interface CreateOptions {
  readonly attributes?: readonly string[];
  readonly uidValidity?: number;
  readonly subscribed?: boolean;
}

export class MailStore {
  readonly separator: string;
  readonly prefix: string;
  readonly subscriptions = new Set<string>();
  readonly #mailboxes = new Map<string, Mailbox>();
  #nextUidValidity = 1_700_000_001;
  #nextMailboxId = 1;
  #nextIdentity = 1_800_000_000_000_000_001n;

  constructor(options: MailStoreOptions = {}) {
    this.separator = options.separator ?? '/';
    this.prefix = options.prefix ?? '';
    this.create('INBOX');
  }

  get mailboxes(): ReadonlyMap<string, Mailbox> {
    return this.#mailboxes;
  }

  get inbox(): Mailbox {
    return this.mailbox('INBOX');
  }

  find(name: string): Mailbox | undefined {
    return this.#mailboxes.get(name) ?? this.#mailboxes.get(canonicalName(name));
  }

  /** Throws when there is none: a slip in a test should not look like an empty mailbox. */
  mailbox(name: string): Mailbox {
    const found = this.find(name);
    if (found === undefined) throw new Error(`no mailbox named ${JSON.stringify(name)}`);
    return found;
  }

  create(name: string, options: CreateOptions = {}): Mailbox {
    if (this.#mailboxes.has(name)) throw new Error(`mailbox ${JSON.stringify(name)} exists already`);
    const mailbox = new Mailbox(
      name,
      options.attributes ?? [],
      options.uidValidity ?? this.#nextUidValidity++,
      `F${this.#nextMailboxId++}`,
      (count) => this.#takeIdentities(count),
    );
    this.#mailboxes.set(name, mailbox);
    if (options.subscribed === true) this.subscriptions.add(name);
    return mailbox;
  }

  /** Renames a mailbox and all below it. UIDVALIDITY stays unless `newUidValidity` (as Courier does). */
  rename(from: string, to: string, options: { newUidValidity?: boolean } = {}): void {
    const root = this.mailbox(from);
    const moving = [root, ...this.inferiors(from)];
    for (const mailbox of moving) {
      const name = to + mailbox.name.slice(root.name.length);
      if (this.#mailboxes.has(name)) throw new Error(`mailbox ${JSON.stringify(name)} exists already`);
    }
    for (const mailbox of moving) {
      this.#mailboxes.delete(mailbox.name);
      mailbox.name = to + mailbox.name.slice(root.name.length);
      this.#mailboxes.set(mailbox.name, mailbox);
      if (options.newUidValidity === true) {
        mailbox.bumpUidValidity({ uidValidity: this.#nextUidValidity++ });
      }
    }
  }

  delete(name: string): void {
    const mailbox = this.mailbox(name);
    this.#mailboxes.delete(mailbox.name);
    mailbox.breakSessions('Selected mailbox was deleted');
  }

  inferiors(name: string): Mailbox[] {
    const start = name + this.separator;
    return [...this.#mailboxes.values()].filter((mailbox) => mailbox.name.startsWith(start));
  }

  hasInferiors(name: string): boolean {
    const start = name + this.separator;
    for (const other of this.#mailboxes.keys()) if (other.startsWith(start)) return true;
    return false;
  }

  /** Returns the new UIDs in the order of `uids`; a UID that isn't there is passed over. */
  copy(from: string, uids: Iterable<number>, to: string): Map<number, number> {
    const [source, target] = [this.mailbox(from), this.mailbox(to)];
    const copied = new Map<number, number>();
    for (const uid of [...uids]) {
      const message = source.get(uid);
      if (message === undefined) continue;
      const { flags, internalDate, identity, labels, content } = message;
      copied.set(uid, target.append({ body: content, flags, internalDate, identity, labels }).uid);
    }
    return copied;
  }

  move(from: string, uids: Iterable<number>, to: string): Map<number, number> {
    const moved = this.copy(from, uids, to);
    this.mailbox(from).expunge(moved.keys());
    return moved;
  }

  #takeIdentities(count: number): bigint {
    const first = this.#nextIdentity;
    this.#nextIdentity += BigInt(count);
    return first;
  }
}
