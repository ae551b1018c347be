// Random changes of an account on the server, as properties draw them.

import fc from 'fast-check';
import type { MailStore } from '../support/imap-server/mail-store.js';
import type { Mailbox } from '../support/imap-server/mailbox.js';
import { put } from './scenarios.js';

const NAMES = ['INBOX', 'A', 'A/B', 'C'] as const;
const FLAGS = ['\\Seen', '\\Flagged', '\\Answered', 'Work', 'Later', '$Forwarded'];

const name = fc.constantFrom(...NAMES);
const pick = fc.nat({ max: 30 });
export const change = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      name,
      text: fc.nat({ max: 12 }),
      flags: fc.subarray(FLAGS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('flag' as const), name, pick, flags: fc.subarray(FLAGS) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('expunge' as const), name, pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('move' as const, 'copy' as const), name, to: name, pick }),
  },
  fc.record({ kind: fc.constant('renumber' as const), name, renumber: fc.boolean() }),
  fc.record({ kind: fc.constant('rename' as const), name, to: name }),
  fc.record({ kind: fc.constant('delete' as const), name }),
  fc.record({ kind: fc.constant('forget' as const), name }),
);
export type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** What makes no sense on the server as it is does nothing. */
export function alter(mail: MailStore, event: Change): void {
  if (event.kind === 'put') {
    const mailbox = mail.find(event.name) ?? mail.create(event.name);
    put(mailbox, `text ${event.text}`, event.flags);
    return;
  }
  const mailbox = mail.find(event.name);
  if (mailbox === undefined) return;
  switch (event.kind) {
    case 'flag':
      mailbox.setFlags(uidsAt(mailbox, event.pick), 'replace', event.flags);
      return;
    case 'expunge':
      mailbox.expunge(uidsAt(mailbox, event.pick));
      return;
    case 'move':
    case 'copy':
      if (mail.find(event.to) === undefined) mail.create(event.to);
      mail[event.kind](event.name, uidsAt(mailbox, event.pick), event.to);
      return;
    case 'renumber':
      mailbox.bumpUidValidity({ renumber: event.renumber });
      return;
    case 'forget':
      mailbox.forgetVanished();
      return;
    case 'rename': {
      const target = event.to;
      const isFree = mail.find(target) === undefined && mail.inferiors(target).length === 0;
      if (isFree && event.name !== 'INBOX' && !target.startsWith(`${event.name}/`))
        mail.rename(event.name, target);
      return;
    }
    case 'delete':
      if (event.name !== 'INBOX') mail.delete(event.name);
  }
}

/** One or two messages; none in an empty mailbox. */
function uidsAt(mailbox: Mailbox, pick: number): number[] {
  const { uids } = mailbox;
  if (uids.length === 0) return [];
  return [...new Set([uids[pick % uids.length]!, uids[(pick >> 2) % uids.length]!])];
}
