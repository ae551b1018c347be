// FETCH and UID FETCH with CHANGEDSINCE and VANISHED (RFC 7162 3.1.4 and 3.2.6). Rows go out while they are
// made, so a mailbox of any size takes constant memory.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { vanishedUids } from './commands-select.js';
import { type FetchItem, itemValue, readFetchItems } from './fetch-items.js';
import type { Reply } from './reply.js';
import { formatSequenceSet, indexesOf } from './sequence-set.js';
import type { CommandContext, Session } from './session.js';

export function fetch(byUid: boolean): (context: CommandContext) => Promise<Outcome> {
  return async ({ session, args, reply }) => {
    args.space();
    const set = args.sequenceSet();
    args.space();
    let items = readFetchItems(session, args, byUid);
    const { changedSince, vanished } = readModifiers(session, args, byUid);
    args.end();
    // CHANGEDSINCE implies MODSEQ in the rows (RFC 7162 3.1.4.1).
    if (changedSince !== undefined && items.every(({ name }) => name !== 'MODSEQ')) {
      items = [...items, { name: 'MODSEQ' }];
    }
    if (vanished) {
      const gone = vanishedUids(session, set, changedSince ?? 0n);
      if (gone.length > 0) reply.line(`* VANISHED (EARLIER) ${formatSequenceSet(gone)}`);
    }
    const { uids, count } = session.selection;
    let expungeIssued = false;
    for (const { from, to } of indexesOf(set, uids, count, byUid)) {
      for (let index = from; index < to && !reply.closed; index++) {
        expungeIssued = !writeRow(session, reply, items, index, changedSince) || expungeIssued;
        if (reply.full) await reply.flush();
      }
    }
    return expungeIssued ? '[EXPUNGEISSUED] Some messages were already expunged.' : undefined;
  };
}

interface Modifiers {
  changedSince: bigint | undefined;
  vanished: boolean;
}

function readModifiers(session: Session, args: CommandArguments, byUid: boolean): Modifiers {
  const modifiers: Modifiers = { changedSince: undefined, vanished: false };
  if (args.next === '') return modifiers;
  args.space();
  args.list(() => {
    const name = args.keyword();
    if (name === 'CHANGEDSINCE') {
      session.require('CONDSTORE');
      session.enabled.add('CONDSTORE');
      args.space();
      modifiers.changedSince = args.modseq();
    } else if (name === 'VANISHED') {
      if (!session.qresync || !byUid) throw bad('VANISHED needs QRESYNC and UID FETCH');
      modifiers.vanished = true;
    } else throw bad(`Unknown fetch modifier ${name}`);
  });
  if (modifiers.vanished && modifiers.changedSince === undefined) throw bad('VANISHED needs CHANGEDSINCE');
  return modifiers;
}

/** False when the message was expunged behind the client's back. */
function writeRow(
  session: Session,
  reply: Reply,
  items: readonly FetchItem[],
  index: number,
  changedSince: bigint | undefined,
): boolean {
  const { selection, server } = session;
  const uid = selection.uids[index]!;
  let message = selection.message(index);
  if (changedSince !== undefined && (message === undefined || message.modseq <= changedSince)) return true;
  let shown = items;
  if (message !== undefined && !selection.readOnly && items.some((item) => item.marksSeen)) {
    const [changed] = selection.mailbox.setFlags([uid], 'add', ['\\Seen']);
    selection.pending.delete(uid);
    message = selection.message(index);
    if (changed !== undefined && items.every(({ name }) => name !== 'FLAGS'))
      shown = [...items, { name: 'FLAGS' }];
  }
  if (items.some(({ section }) => section?.part === '' || section?.part === 'TEXT'))
    server.stats.bodyFetches++;
  else if (items.some(({ section }) => section !== undefined)) server.stats.headerFetches++;
  reply.row({ sequence: index + 1, uid, items: shown.map((item) => itemValue(item, message, uid)) });
  return message !== undefined;
}
