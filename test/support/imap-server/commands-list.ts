// LIST with its extensions (RFC 5258, 5819, 6154) and LSUB. Shows names exactly as the store has them.

import type { CommandArguments } from './command-arguments.js';
import { bad } from './command-error.js';
import type { Outcome } from './commands.js';
import { readStatusItems, writeStatus } from './commands-mailbox.js';
import type { Mailbox } from './mailbox.js';
import { matchesPattern } from './mailbox-name.js';
import { formatString } from './responses.js';
import type { CommandContext, Session } from './session.js';

interface ListQuery {
  readonly selection: readonly string[];
  readonly patterns: readonly string[];
  readonly returned: readonly string[];
  readonly statusItems: readonly string[];
}

export async function list({ session, args, reply }: CommandContext): Promise<Outcome> {
  const query = readQuery(session, args);
  const { store } = session;
  if (query.patterns.length === 1 && query.patterns[0] === '') {
    // RFC 9051 6.3.9: an empty pattern asks for the separator.
    reply.line(`* LIST (\\Noselect) ${formatString(store.separator)} ""`);
    return undefined;
  }
  const onlySubscribed = query.selection.includes('SUBSCRIBED');
  const withSubscribed = onlySubscribed || query.returned.includes('SUBSCRIBED');
  for (const name of namesIn(session, onlySubscribed)) {
    if (!query.patterns.some((pattern) => matchesPattern(name, pattern, store.separator))) continue;
    const mailbox = store.mailboxes.get(name);
    const attributes = attributesOf(session, name, mailbox);
    if (query.selection.includes('SPECIAL-USE') && !attributes.some(isSpecialUse)) continue;
    if (withSubscribed && store.subscriptions.has(name)) attributes.push('\\Subscribed');
    writeEntry(session, reply, 'LIST', attributes, name);
    if (query.statusItems.length > 0 && mailbox?.selectable === true)
      writeStatus(session, reply, mailbox, query.statusItems);
    if (reply.full) await reply.flush();
  }
  return undefined;
}

export function lsub({ session, args, reply }: CommandContext): Outcome {
  args.space();
  const reference = args.astring();
  args.space();
  const pattern = reference + args.pattern();
  args.end();
  const { store } = session;
  for (const name of namesIn(session, true)) {
    if (!matchesPattern(name, pattern, store.separator)) continue;
    const gone = store.mailboxes.get(name)?.selectable !== true;
    writeEntry(session, reply, 'LSUB', gone ? ['\\Noselect'] : [], name);
  }
  return undefined;
}

function readQuery(session: Session, args: CommandArguments): ListQuery {
  args.space();
  let selection: string[] = [];
  if (args.next === '(') {
    session.require('LIST-EXTENDED');
    selection = args.list(() => args.keyword());
    args.space();
  }
  const reference = args.astring();
  args.space();
  if (args.next === '(') session.require('LIST-EXTENDED');
  const patterns = args.oneOrList(() => args.pattern()).map((pattern) => reference + pattern);
  let statusItems: string[] = [];
  let returned: string[] = [];
  if (args.next !== '') {
    args.space();
    if (args.keyword() !== 'RETURN') throw bad('Expected RETURN');
    args.space();
    returned = args.list(() => {
      const option = args.keyword();
      if (option === 'STATUS') {
        session.require('LIST-STATUS');
        args.space();
        statusItems = readStatusItems(session, args);
      } else if (option === 'SPECIAL-USE') session.require('SPECIAL-USE');
      else if (option === 'SUBSCRIBED' || option === 'CHILDREN') session.require('LIST-EXTENDED');
      else throw bad(`Unknown return option ${option}`);
      return option;
    });
  }
  args.end();
  for (const option of selection) {
    if (option === 'SPECIAL-USE') session.require('SPECIAL-USE');
    else if (!['SUBSCRIBED', 'REMOTE', 'RECURSIVEMATCH'].includes(option))
      throw bad(`Unknown selection option ${option}`);
  }
  return { selection, patterns, returned, statusItems };
}

/** In byte order, so that a parent comes before what is below it. */
function namesIn(session: Session, onlySubscribed: boolean): string[] {
  const { store } = session;
  const names = onlySubscribed ? store.subscriptions : store.mailboxes.keys();
  return [...names].sort((a, b) => (a === 'INBOX' ? -1 : b === 'INBOX' ? 1 : a < b ? -1 : 1));
}

function attributesOf(session: Session, name: string, mailbox: Mailbox | undefined): string[] {
  if (mailbox === undefined) return ['\\NonExistent'];
  const attributes = mailbox.attributes.filter(
    (attribute) => !isSpecialUse(attribute) || session.offers('SPECIAL-USE'),
  );
  if (session.offers('CHILDREN')) {
    attributes.push(session.store.hasInferiors(name) ? '\\HasChildren' : '\\HasNoChildren');
  }
  return attributes;
}

function isSpecialUse(attribute: string): boolean {
  return /^\\(all|archive|drafts|flagged|important|junk|sent|trash)$/i.test(attribute);
}

function writeEntry(
  session: Session,
  reply: CommandContext['reply'],
  command: string,
  attributes: readonly string[],
  name: string,
): void {
  const separator = formatString(session.store.separator);
  reply.line(`* ${command} (${attributes.join(' ')}) ${separator} ${session.writeName(name)}`);
}
