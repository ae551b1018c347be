// Commands that change messages: STORE, COPY, MOVE and EXPUNGE. The change is made in full before the first
// byte of the answer, so an answer that gets lost is lost after the deed.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { storableFlags } from './commands-append.js';
import type { Mailbox } from './mailbox.js';
import { type FlagEdit, hasFlag, type Message } from './message.js';
import type { FetchRow, RowItem } from './responses.js';
import { formatSequenceSet, includes, indexesOf } from './sequence-set.js';
import type { CommandContext, Session } from './session.js';

const EDITS: Readonly<Record<string, FlagEdit>> = { '+': 'add', '-': 'remove', '': 'replace' };

export function store(byUid: boolean): (context: CommandContext) => Promise<Outcome> {
  return async ({ session, args, reply }) => {
    args.space();
    const indexes = readIndexes(session, args, byUid);
    args.space();
    const item = args.match(/[+-]?(FLAGS|X-GM-LABELS)(\.SILENT)?/iy, 'FLAGS').toUpperCase();
    const edit = EDITS[item.replace(/[^+-].*/, '')]!;
    const labels = item.includes('X-GM-LABELS');
    if (labels) session.require('X-GM-EXT-1');
    args.space();
    const readValue = (): string =>
      labels ? args.match(/"(?:[^"\\]|\\.)*"|[^\s()"]+/y, 'a label') : args.flag();
    const values = args.next === '(' ? args.list(readValue) : [readValue(), ...readMore(args, readValue)];
    args.end();
    const { mailbox, pending } = session.writableSelection;
    const uids = indexes.map((index) => session.selection.uids[index]!);
    if (labels) mailbox.setLabels(uids, edit, values);
    else mailbox.setFlags(uids, edit, storableFlags(mailbox, values));
    for (const index of indexes) {
      const message = session.selection.message(index);
      if (message !== undefined) pending.delete(message.uid);
      const silent = item.endsWith('.SILENT') && !session.condstore;
      if (message === undefined || silent) continue;
      reply.row(storedRow(session, index + 1, message, item, byUid));
      if (reply.full) await reply.flush();
    }
    return undefined;
  };
}

function readMore(args: CommandArguments, read: () => string): string[] {
  const values: string[] = [];
  while (args.accept(' ')) values.push(read());
  return values;
}

function storedRow(
  session: Session,
  sequence: number,
  message: Message,
  item: string,
  byUid: boolean,
): FetchRow {
  const items: RowItem[] = [];
  if (byUid || session.qresync) items.push({ name: 'UID', value: String(message.uid) });
  if (!item.endsWith('.SILENT')) {
    const labels = item.includes('X-GM-LABELS');
    const values = labels ? message.labels : message.flags;
    items.push({ name: labels ? 'X-GM-LABELS' : 'FLAGS', value: `(${values.join(' ')})` });
  }
  if (session.condstore) items.push({ name: 'MODSEQ', value: `(${message.modseq})` });
  return { sequence, uid: message.uid, items };
}

export function copy(byUid: boolean): (context: CommandContext) => Outcome {
  return ({ session, args }) => {
    const { uids, target } = readTransfer(session, args, byUid);
    const copied = session.store.copy(session.selection.mailbox.name, uids, target.name);
    const code = copyUid(session, target, copied);
    return code === undefined ? undefined : `${code} COPY completed.`;
  };
}

export function move(byUid: boolean): (context: CommandContext) => Outcome {
  return ({ session, args, reply }) => {
    const { uids, target } = readTransfer(session, args, byUid);
    const moved = session.store.move(session.writableSelection.mailbox.name, uids, target.name);
    // RFC 6851 4.3: COPYUID comes untagged, ahead of the expunges.
    const code = copyUid(session, target, moved);
    if (code !== undefined) reply.line(`* OK ${code} Moved UIDs.`);
    return expungeOutcome(session, 'MOVE');
  };
}

function readTransfer(
  session: Session,
  args: CommandArguments,
  byUid: boolean,
): { uids: number[]; target: Mailbox } {
  args.space();
  const indexes = readIndexes(session, args, byUid);
  args.space();
  const target = session.readMailbox(args, 'TRYCREATE');
  args.end();
  return { uids: indexes.map((index) => session.selection.uids[index]!), target };
}

function copyUid(session: Session, target: Mailbox, copied: ReadonlyMap<number, number>): string | undefined {
  if (copied.size === 0 || !session.offers('UIDPLUS')) return undefined;
  const [from, to] = [[...copied.keys()], [...copied.values()]].map(formatSequenceSet);
  return `[COPYUID ${target.uidValidity} ${from} ${to}]`;
}

export function expunge({ session, args }: CommandContext): Outcome {
  args.end();
  expungeDeleted(session.writableSelection.mailbox);
  return expungeOutcome(session, 'EXPUNGE');
}

export function uidExpunge({ session, args }: CommandContext): Outcome {
  args.space();
  const set = args.sequenceSet();
  args.end();
  const { mailbox } = session.writableSelection;
  expungeDeleted(mailbox, (uid) => includes(set, uid));
  return expungeOutcome(session, 'EXPUNGE');
}

export function expungeDeleted(mailbox: Mailbox, among: (uid: number) => boolean = () => true): void {
  const doomed = mailbox.uids.filter((uid) => among(uid) && hasFlag(mailbox.get(uid)!, '\\Deleted'));
  mailbox.expunge(doomed);
}

/** With QRESYNC the client may take the new HIGHESTMODSEQ as it is told of the expunges (RFC 7162 3.2.7). */
function expungeOutcome(session: Session, name: string): Outcome {
  const { mailbox } = session.selection;
  return session.qresync ? `[HIGHESTMODSEQ ${mailbox.highestModseq}] ${name} completed.` : undefined;
}

/** The messages a command names, as ascending indexes of the session's view. */
export function readIndexes(session: Session, args: CommandArguments, byUid: boolean): number[] {
  const { uids, count } = session.selection;
  const set = args.sequenceSet();
  if (!byUid && count === 0) throw bad('Invalid messageset');
  const indexes: number[] = [];
  for (const { from, to } of indexesOf(set, uids, count, byUid))
    for (let index = from; index < to; index++) indexes.push(index);
  return indexes;
}
