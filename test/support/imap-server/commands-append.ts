// APPEND (RFC 9051 6.3.12), several messages at once with MULTIAPPEND (RFC 3502): all of them or none.

import type { CommandArguments } from './command-arguments.js';
import { bad, no } from './command-error.js';
import type { Outcome } from './commands.js';
import type { Mailbox } from './mailbox.js';
import { type NewMessage, sameFlag } from './message.js';
import { parseInternalDate } from './responses.js';
import { formatSequenceSet } from './sequence-set.js';
import type { CommandContext } from './session.js';

export function append({ session, args }: CommandContext): Outcome {
  args.space();
  const mailbox = session.readMailbox(args, 'TRYCREATE');
  const messages: NewMessage[] = [];
  do {
    if (messages.length > 0) session.require('MULTIAPPEND');
    args.space();
    messages.push(readMessage(args, mailbox));
  } while (args.next !== '');
  const uids = messages.map((message) => mailbox.append(message).uid);
  if (!session.offers('UIDPLUS')) return undefined;
  return `[APPENDUID ${mailbox.uidValidity} ${formatSequenceSet(uids)}] APPEND completed.`;
}

function readMessage(args: CommandArguments, mailbox: Mailbox): NewMessage {
  let flags: string[] = [];
  if (args.next === '(') {
    flags = storableFlags(
      mailbox,
      args.list(() => args.flag()),
    );
    args.space();
  }
  let internalDate = { seconds: Math.floor(Date.now() / 1000), zone: 0 };
  if (args.next === '"') {
    const given = parseInternalDate(args.string().toString('latin1'));
    if (given === undefined) throw bad('Invalid internal date.');
    internalDate = given;
    args.space();
  }
  const body = args.literal();
  if (body.length === 0) throw no("Can't save a zero byte message.");
  return { body, flags, internalDate };
}

/** Drops what PERMANENTFLAGS doesn't allow, silently, as servers do. \Recent is nobody's to set. */
export function storableFlags(mailbox: Mailbox, flags: readonly string[]): string[] {
  return flags.filter((flag) => {
    if (sameFlag(flag, '\\Recent')) throw bad('Invalid system flag \\Recent');
    const known = mailbox.permanentFlags.some((permanent) => sameFlag(permanent, flag));
    return known || (!flag.startsWith('\\') && mailbox.permanentFlags.includes('\\*'));
  });
}
