// SELECT and EXAMINE with CONDSTORE and QRESYNC (RFC 7162), CLOSE and UNSELECT.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { expungeDeleted } from './commands-message.js';
import type { Reply } from './reply.js';
import { flagsRow, Selection } from './selection.js';
import {
  formatSequenceSet,
  includes,
  lowerBound,
  type NumberRange,
  type SequenceSet,
} from './sequence-set.js';
import type { CommandContext, Session } from './session.js';

interface Resync {
  readonly uidValidity: number;
  readonly modseq: bigint;
  readonly known: SequenceSet | undefined;
  readonly match: { readonly sequences: SequenceSet; readonly uids: SequenceSet } | undefined;
}

export const select = (context: CommandContext): Promise<Outcome> => open(context, false);
export const examine = (context: CommandContext): Promise<Outcome> => open(context, true);

async function open({ session, args, reply }: CommandContext, readOnly: boolean): Promise<Outcome> {
  args.space();
  // RFC 9051 6.3.2: a SELECT that fails leaves nothing selected either.
  if (session.selected !== undefined && session.offers('QRESYNC'))
    reply.line('* OK [CLOSED] Previous mailbox closed.');
  session.select(undefined);
  const mailbox = session.readMailbox(args);
  const resync = args.next === '' ? undefined : readParameters(session, args);
  args.end();
  session.select(new Selection(mailbox, readOnly, () => session.onNews?.()));
  writeOverview(session, reply);
  if (resync !== undefined && resync.uidValidity === mailbox.uidValidity && !mailbox.noModseq)
    await writeChanges(session, reply, resync);
  return readOnly ? '[READ-ONLY] EXAMINE completed.' : '[READ-WRITE] SELECT completed.';
}

function readParameters(session: Session, args: CommandArguments): Resync | undefined {
  let resync: Resync | undefined;
  args.space();
  args.list(() => {
    const name = args.keyword();
    session.require(name === 'CONDSTORE' ? 'CONDSTORE' : 'QRESYNC');
    if (name === 'CONDSTORE') session.enabled.add('CONDSTORE');
    else if (name === 'QRESYNC') {
      if (!session.qresync) throw bad('QRESYNC is not enabled');
      args.space();
      resync = readResync(args);
    } else throw bad(`Unknown SELECT parameter ${name}`);
  });
  return resync;
}

function readResync(args: CommandArguments): Resync {
  args.expect('(');
  const uidValidity = args.number();
  args.space();
  const modseq = args.modseq();
  let known: SequenceSet | undefined;
  let match: Resync['match'];
  if (args.accept(' ') && args.next !== '(') {
    known = args.sequenceSet();
    args.accept(' ');
  }
  if (args.accept('(')) {
    const sequences = args.sequenceSet();
    args.space();
    match = { sequences, uids: args.sequenceSet() };
    args.expect(')');
  }
  args.expect(')');
  return { uidValidity, modseq, known, match };
}

function writeOverview(session: Session, reply: Reply): void {
  const { mailbox, readOnly, count } = session.selection;
  const system = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'];
  const report = (item: string, value: bigint | number, line: (reported: bigint) => string): void => {
    const reported = reply.number(item, mailbox.name, value);
    if (reported !== undefined) reply.line(line(reported));
  };
  reply.line(`* FLAGS (${[...system, ...mailbox.keywords].join(' ')})`);
  const permanent = readOnly ? [] : mailbox.permanentFlags;
  reply.line(`* OK [PERMANENTFLAGS (${permanent.join(' ')})] Flags permitted.`);
  report('EXISTS', count, (reported) => `* ${reported} EXISTS`);
  report('RECENT', 0, (reported) => `* ${reported} RECENT`);
  report('UIDVALIDITY', mailbox.uidValidity, (reported) => `* OK [UIDVALIDITY ${reported}] UIDs valid`);
  report('UIDNEXT', mailbox.uidNext, (reported) => `* OK [UIDNEXT ${reported}] Predicted next UID`);
  if (session.offers('OBJECTID')) reply.line(`* OK [MAILBOXID (${mailbox.mailboxId})] Ok`);
  if (!session.condstore) return;
  if (mailbox.noModseq) reply.line('* OK [NOMODSEQ] No permanent mod-sequences');
  else
    report('HIGHESTMODSEQ', mailbox.highestModseq, (reported) => `* OK [HIGHESTMODSEQ ${reported}] Highest`);
}

/** What happened since the client's MODSEQ, first what is gone (RFC 7162 3.2.5). */
async function writeChanges(session: Session, reply: Reply, resync: Resync): Promise<void> {
  const selection = session.selection;
  const known = resync.known ?? [{ from: 1, to: Number.POSITIVE_INFINITY }];
  const gone = vanishedUids(session, known, resync.modseq, resync.match);
  if (gone.length > 0) reply.line(`* VANISHED (EARLIER) ${formatSequenceSet(gone)}`);
  for (let index = 0; index < selection.count; index++) {
    const message = selection.message(index);
    if (message === undefined || message.modseq <= resync.modseq || !includes(known, message.uid)) continue;
    reply.row(flagsRow(index + 1, message, { condstore: true, qresync: true }));
    if (reply.full) await reply.flush();
  }
}

/**
 * The UIDs of a set that are gone since a MODSEQ, ascending. Where the log doesn't reach back that far,
 * every UID of the set that is not in use, above the last pair of the match data that still holds.
 */
export function vanishedUids(
  session: Session,
  set: SequenceSet,
  modseq: bigint,
  match?: Resync['match'],
): number[] {
  const { mailbox } = session.selection;
  const logged = mailbox.vanishedSince(modseq);
  if (logged !== undefined) return logged.filter((uid) => includes(set, uid));
  const settled = match === undefined ? 0 : lastMatch(session.selection, match.sequences, match.uids);
  const present = new Set(mailbox.uids);
  const gone: number[] = [];
  for (const { from, to } of set) {
    const last = Math.min(to, mailbox.uidNext - 1);
    for (let uid = Math.max(from, settled + 1); uid <= last; uid++) if (!present.has(uid)) gone.push(uid);
  }
  return gone.sort((a, b) => a - b);
}

function lastMatch(selection: Selection, sequences: SequenceSet, uids: SequenceSet): number {
  const flatten = (set: SequenceSet): number[] =>
    set.flatMap(({ from, to }: NumberRange) =>
      Array.from({ length: Math.min(to, from + 100_000) - from + 1 }, (_, at) => from + at),
    );
  const expected = flatten(uids);
  let last = 0;
  for (const [at, sequence] of flatten(sequences).entries()) {
    const uid = expected[at];
    if (uid === undefined || lowerBound(selection.uids, selection.count, uid) !== sequence - 1) break;
    if (selection.uids[sequence - 1] !== uid) break;
    last = uid;
  }
  return last;
}

export function close({ session, args }: CommandContext): Outcome {
  args.end();
  const { mailbox, readOnly } = session.selection;
  // CLOSE says nothing of what it expunges, so the view goes first.
  session.select(undefined);
  if (!readOnly) expungeDeleted(mailbox);
  return session.qresync && !readOnly
    ? `[HIGHESTMODSEQ ${mailbox.highestModseq}] CLOSE completed.`
    : undefined;
}

export function unselect({ session, args }: CommandContext): Outcome {
  args.end();
  session.select(undefined);
  return undefined;
}
