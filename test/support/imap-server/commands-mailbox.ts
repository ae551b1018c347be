// Commands about mailboxes as things: CREATE, DELETE, RENAME, subscriptions and STATUS.

import type { CommandArguments } from './command-arguments.js';
import { bad, no } from './command-error.js';
import type { Outcome } from './commands.js';
import type { Mailbox } from './mailbox.js';
import { canonicalName, superiorNames } from './mailbox-name.js';
import type { Reply } from './reply.js';
import type { CommandContext, Session } from './session.js';

const SPECIAL_USES = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Junk',
  '\\Sent',
  '\\Trash',
  '\\Important',
];

export function create({ session, args }: CommandContext): Outcome {
  args.space();
  const { separator } = session.store;
  // A trailing separator only announces that inferiors will follow (RFC 9051 6.3.4).
  const sent = session.readName(args);
  const name = sent.endsWith(separator) ? sent.slice(0, -separator.length) : sent;
  let attributes: string[] = [];
  if (args.next !== '') {
    session.require('CREATE-SPECIAL-USE');
    args.space();
    args.expect('(');
    if (args.keyword() !== 'USE') throw bad('Unknown CREATE option');
    args.space();
    attributes = args.list(() => args.flag());
    args.expect(')');
    if (!attributes.every((use) => SPECIAL_USES.includes(use))) throw no('Unknown special use', 'USEATTR');
  }
  args.end();
  requireCreatable(session, name);
  createSuperiors(session, name);
  const { mailboxId } = session.store.create(name, { attributes });
  return session.offers('OBJECTID') ? `[MAILBOXID (${mailboxId})] CREATE completed.` : undefined;
}

function requireCreatable(session: Session, name: string): void {
  const { store } = session;
  if (name === '' || name.includes('\0')) throw no('Invalid mailbox name', 'CANNOT');
  if (store.find(name) !== undefined) throw no('Mailbox already exists', 'ALREADYEXISTS');
  if (!name.startsWith(store.prefix)) throw no('Mailbox must be below the personal namespace', 'CANNOT');
}

function createSuperiors(session: Session, name: string): void {
  const { store } = session;
  for (const superior of superiorNames(name, store.separator)) {
    if (superior.length >= store.prefix.length && store.find(superior) === undefined)
      store.create(superior, { attributes: ['\\Noselect'] });
  }
}

export function deleteMailbox({ session, args }: CommandContext): Outcome {
  args.space();
  const mailbox = readExisting(session, args);
  args.end();
  if (mailbox.name === 'INBOX') throw no("INBOX can't be deleted", 'CANNOT');
  const hasInferiors = session.store.inferiors(mailbox.name).length > 0;
  if (!mailbox.selectable && hasInferiors) throw no('Mailbox has inferiors', 'HASCHILDREN');
  session.store.delete(mailbox.name);
  // The name stays as the place where its inferiors hang (RFC 9051 6.3.5).
  if (hasInferiors) session.store.create(mailbox.name, { attributes: ['\\Noselect'] });
  return undefined;
}

export function rename({ session, args }: CommandContext): Outcome {
  args.space();
  const mailbox = readExisting(session, args);
  args.space();
  const to = session.readName(args);
  args.end();
  const { store } = session;
  requireCreatable(session, to);
  const isInbox = mailbox.name === 'INBOX';
  if (!isInbox && to.startsWith(mailbox.name + store.separator))
    throw no("Can't move a mailbox below itself", 'CANNOT');
  createSuperiors(session, to);
  if (!isInbox) {
    store.rename(mailbox.name, to);
    return undefined;
  }
  // RFC 9051 6.3.6: the messages move, INBOX stays and is empty.
  store.create(to);
  store.move('INBOX', mailbox.uids, to);
  return undefined;
}

export function subscribe({ session, args }: CommandContext): Outcome {
  args.space();
  const { name } = readExisting(session, args);
  args.end();
  session.store.subscriptions.add(name);
  return undefined;
}

export function unsubscribe({ session, args }: CommandContext): Outcome {
  args.space();
  const name = canonicalName(session.readName(args));
  args.end();
  session.store.subscriptions.delete(name);
  return undefined;
}

function readExisting(session: Session, args: CommandArguments): Mailbox {
  const mailbox = session.store.find(session.readName(args));
  if (mailbox === undefined) throw no("Mailbox doesn't exist", 'NONEXISTENT');
  return mailbox;
}

export function status({ session, args, reply }: CommandContext): Outcome {
  args.space();
  const name = session.readName(args);
  const mailbox = session.store.find(name);
  args.space();
  const items = readStatusItems(session, args);
  args.end();
  if (mailbox?.selectable !== true) throw no("Mailbox doesn't exist", 'NONEXISTENT');
  writeStatus(session, reply, mailbox, items);
  return undefined;
}

const NEEDS: Readonly<Record<string, string>> = {
  HIGHESTMODSEQ: 'CONDSTORE',
  SIZE: 'STATUS=SIZE',
  MAILBOXID: 'OBJECTID',
};

export function readStatusItems(session: Session, args: CommandArguments): string[] {
  const items = args.list(() => args.keyword());
  for (const item of items) {
    if (NEEDS[item] !== undefined) session.require(NEEDS[item]);
    else if (!['MESSAGES', 'RECENT', 'UIDNEXT', 'UIDVALIDITY', 'UNSEEN'].includes(item))
      throw bad(`Unknown status item ${item}`);
    // Asking for it enables CONDSTORE (RFC 7162 3.1).
    if (item === 'HIGHESTMODSEQ') session.enabled.add('CONDSTORE');
  }
  if (items.length === 0) throw bad('Missing status items');
  return items;
}

export function writeStatus(
  session: Session,
  reply: Reply,
  mailbox: Mailbox,
  items: readonly string[],
): void {
  const values = items.flatMap((item) => {
    if (item === 'MAILBOXID') return [`MAILBOXID (${mailbox.mailboxId})`];
    const reported = reply.number(item, mailbox.name, statusNumber(mailbox, item));
    return reported === undefined ? [] : [`${item} ${reported}`];
  });
  reply.line(`* STATUS ${session.writeName(mailbox.name)} (${values.join(' ')})`);
}

function statusNumber(mailbox: Mailbox, item: string): bigint | number {
  switch (item) {
    case 'MESSAGES':
      return mailbox.size;
    case 'UIDNEXT':
      return mailbox.uidNext;
    case 'UIDVALIDITY':
      return mailbox.uidValidity;
    case 'HIGHESTMODSEQ':
      return mailbox.noModseq ? 0 : mailbox.highestModseq;
    case 'UNSEEN':
      return mailbox.unseen();
    case 'SIZE':
      return mailbox.bytes();
    default:
      return 0;
  }
}
