// One mailbox: ascending UIDs, the messages behind them, and the log that lets QRESYNC name what is gone.
// UIDs only grow, every change takes a new MODSEQ, and a removal replaces the UID list instead of editing
// it, so a session's older view of it stays whole. Tests may write the counters to make the server lie.

import {
  contentOf,
  DEFAULT_DATE,
  editFlags,
  type FlagEdit,
  fromTemplate,
  hasFlag,
  type Message,
  type MessageTemplate,
  type NewMessage,
  sizeOf,
} from './message.js';
import { lowerBound } from './sequence-set.js';

/** What a session that has the mailbox selected wants to hear of. */
export interface MailboxListener {
  reflagged(uids: readonly number[]): void;
  resized(): void;
  /** The mailbox is gone or renumbered under the session, which can only say BYE. */
  broken(reason: string): void;
}

interface TemplateRange {
  readonly first: number;
  readonly last: number;
  readonly template: MessageTemplate;
  readonly modseq: bigint;
  readonly firstIdentity: bigint;
}

export class Mailbox {
  name: string;
  /** Attributes LIST shows besides \HasChildren and \Subscribed, e.g. `\Sent` or `\Noselect`. */
  attributes: string[];
  uidValidity: number;
  uidNext = 1;
  highestModseq = 1n;
  /** OBJECTID; kept by a rename. */
  readonly mailboxId: string;
  /** True for a mailbox without MODSEQ: SELECT answers NOMODSEQ. */
  noModseq = false;
  permanentFlags: string[] = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', '\\*'];
  /** Flags ever used here that are not system flags. */
  readonly keywords = new Set<string>();
  readonly listeners = new Set<MailboxListener>();

  #uids: number[] = [];
  readonly #messages = new Map<number, Message>();
  #templates: TemplateRange[] = [];
  #vanished: { uid: number; modseq: bigint }[] = [];
  #vanishedSince = 0n;
  #unseen: number | undefined;
  #bytes: number | undefined;
  readonly #takeIdentities: (count: number) => bigint;

  /** `takeIdentities` hands out that many unused consecutive identities and returns the first. */
  constructor(
    name: string,
    attributes: readonly string[],
    uidValidity: number,
    mailboxId: string,
    takeIdentities: (count: number) => bigint,
  ) {
    this.name = name;
    this.attributes = [...attributes];
    this.uidValidity = uidValidity;
    this.mailboxId = mailboxId;
    this.#takeIdentities = takeIdentities;
  }

  /** Ascending. Grows in place, is replaced when a message goes. */
  get uids(): readonly number[] {
    return this.#uids;
  }

  get size(): number {
    return this.#uids.length;
  }

  get selectable(): boolean {
    return !this.attributes.some((attribute) => /^\\(noselect|nonexistent)$/i.test(attribute));
  }

  get(uid: number): Message | undefined {
    const own = this.#messages.get(uid);
    if (own !== undefined) return own;
    if (this.#uids[lowerBound(this.#uids, this.#uids.length, uid)] !== uid) return undefined;
    const range = this.#templates.find(({ first, last }) => first <= uid && uid <= last);
    if (range === undefined) return undefined;
    const identity = range.firstIdentity + BigInt(uid - range.first);
    return fromTemplate(range.template, uid, range.modseq, identity);
  }

  append(message: NewMessage): Message {
    const uid = this.uidNext++;
    const stored: Message = {
      uid,
      flags: editFlags([], 'add', message.flags ?? []),
      internalDate: message.internalDate ?? DEFAULT_DATE,
      modseq: this.#nextModseq(),
      content: contentOf(message.body),
      identity: message.identity ?? this.#takeIdentities(1),
      labels: message.labels ?? [],
    };
    this.#keep(stored);
    this.#uids.push(uid);
    for (const listener of this.listeners) listener.resized();
    return stored;
  }

  /** Adds `count` messages that cost 8 bytes each until one of them is changed. */
  fill(count: number, template: MessageTemplate): void {
    const first = this.uidNext;
    const modseq = this.#nextModseq();
    this.#templates.push({
      first,
      last: first + count - 1,
      template,
      modseq,
      firstIdentity: this.#takeIdentities(count),
    });
    this.#learn(template.flags ?? []);
    for (let uid = first; uid < first + count; uid++) this.#uids.push(uid);
    this.uidNext = first + count;
    for (const listener of this.listeners) listener.resized();
  }

  /** Returns the UIDs whose flags are different now; those share one new MODSEQ. */
  setFlags(uids: Iterable<number>, edit: FlagEdit, flags: readonly string[]): number[] {
    return this.#edit(uids, (message) => {
      const edited = editFlags(message.flags, edit, flags);
      return edited === message.flags ? undefined : { ...message, flags: edited };
    });
  }

  /** As `setFlags`, for X-GM-LABELS. */
  setLabels(uids: Iterable<number>, edit: FlagEdit, labels: readonly string[]): number[] {
    return this.#edit(uids, (message) => relabelled(message, edit, labels));
  }

  /** As `setLabels`, but no MODSEQ and no session tells of it. */
  setLabelsSilently(uids: Iterable<number>, edit: FlagEdit, labels: readonly string[]): void {
    for (const uid of uids) {
      const message = this.get(uid);
      const edited = message === undefined ? undefined : relabelled(message, edit, labels);
      if (edited !== undefined) this.#keep(edited);
    }
  }

  /** Removes messages for good and logs them as vanished. Returns the UIDs that were there. */
  expunge(uids: Iterable<number>): number[] {
    const doomed = new Set(uids);
    const gone = this.#uids.filter((uid) => doomed.has(uid));
    if (gone.length === 0) return gone;
    const modseq = this.#nextModseq();
    for (const uid of gone) {
      this.#messages.delete(uid);
      this.#vanished.push({ uid, modseq });
    }
    this.#uids = this.#uids.filter((uid) => !doomed.has(uid));
    for (const listener of this.listeners) listener.resized();
    return gone;
  }

  wipe(): number[] {
    return this.expunge(this.#uids);
  }

  /** A new id space. With `renumber` the messages get UIDs from 1; without, only the value changes. */
  bumpUidValidity(options: { uidValidity?: number; renumber?: boolean } = {}): void {
    this.uidValidity = options.uidValidity ?? this.uidValidity + 1;
    if (options.renumber === true) {
      const kept = this.#uids.map((uid, at) => ({ ...this.get(uid)!, uid: at + 1 }));
      this.#templates = [];
      this.#messages.clear();
      for (const message of kept) this.#keep(message);
      this.#uids = kept.map((message) => message.uid);
      this.uidNext = kept.length + 1;
    }
    this.#vanished = [];
    this.#vanishedSince = this.#nextModseq();
    this.breakSessions('UIDVALIDITY changed');
  }

  breakSessions(reason: string): void {
    for (const listener of [...this.listeners]) listener.broken(reason);
  }

  /** From here on the server no longer knows what was expunged before. */
  forgetVanished(): void {
    this.#vanished = [];
    this.#vanishedSince = this.highestModseq;
  }

  /** UIDs gone since a MODSEQ, ascending; undefined when the log doesn't reach that far back. */
  vanishedSince(modseq: bigint): number[] | undefined {
    if (modseq < this.#vanishedSince) return undefined;
    const gone = this.#vanished.filter((entry) => entry.modseq > modseq).map((entry) => entry.uid);
    return gone.sort((a, b) => a - b);
  }

  unseen(): number {
    this.#unseen ??= this.#sum((message) => (hasFlag(message, '\\Seen') ? 0 : 1));
    return this.#unseen;
  }

  /** The sum of all RFC822.SIZE. */
  bytes(): number {
    this.#bytes ??= this.#sum(sizeOf);
    return this.#bytes;
  }

  #sum(value: (message: Message) => number): number {
    return this.#uids.reduce((sum, uid) => sum + value(this.get(uid)!), 0);
  }

  #edit(uids: Iterable<number>, change: (message: Message) => Message | undefined): number[] {
    const edited: Message[] = [];
    for (const uid of uids) {
      const message = this.get(uid);
      const result = message === undefined ? undefined : change(message);
      if (result !== undefined) edited.push(result);
    }
    if (edited.length === 0) return [];
    const modseq = this.#nextModseq();
    for (const message of edited) this.#keep({ ...message, modseq });
    const changed = edited.map((message) => message.uid);
    for (const listener of this.listeners) listener.reflagged(changed);
    return changed;
  }

  #keep(message: Message): void {
    this.#messages.set(message.uid, message);
    this.#learn(message.flags);
  }

  #learn(flags: readonly string[]): void {
    for (const flag of flags) if (!flag.startsWith('\\')) this.keywords.add(flag);
  }

  #nextModseq(): bigint {
    this.#unseen = undefined;
    this.#bytes = undefined;
    this.highestModseq += 1n;
    return this.highestModseq;
  }
}

function relabelled(message: Message, edit: FlagEdit, labels: readonly string[]): Message | undefined {
  const edited = editFlags(message.labels, edit, labels);
  return edited === message.labels ? undefined : { ...message, labels: edited };
}
