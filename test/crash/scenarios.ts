// Stories of one account: what the server holds, what a finished run has seen of it, what happens then.
// The crash tests stop the run that follows at every effect.

import type { GuardPolicy } from '../../src/core/sync/guard.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Mailbox } from '../support/imap-server/mailbox.js';
import { markedMessage } from '../support/messages.js';

export interface Scenario {
  readonly name: string;
  /** Effects that the run has at least: a story that tests little by accident fails. */
  readonly minEffects: number;
  readonly objectId?: boolean;
  readonly guard?: GuardPolicy;
  /** What finished runs have seen, one run behind each step. */
  readonly before: readonly ((mail: MailStore) => void)[];
  /** What the run under test finds. */
  readonly change: (mail: MailStore) => void;
  /** What happens on the server between the crash and the run that goes on. */
  readonly afterCrash?: (mail: MailStore) => void;
  /** Content may be fetched again because the name that the index knows of it went with the crash. */
  readonly mayFetchAgain?: true;
}

export function serverWith(steps: readonly ((mail: MailStore) => void)[]): MailStore {
  const mail = new MailStore();
  for (const step of steps) step(mail);
  return mail;
}

export function put(mailbox: Mailbox, marker: string, flags: readonly string[] = []): number {
  return mailbox.append({ body: markedMessage(marker), flags, internalDate: dateOf(marker) }).uid;
}

/** A date of its own for each text, so that equal sizes alone make no candidates. */
function dateOf(marker: string): { seconds: number; zone: number } {
  const seconds = [...marker].reduce((sum, character) => sum * 31 + character.codePointAt(0)!, 7) % 1e9;
  return { seconds: 1_200_000_000 + Math.trunc(seconds / 2), zone: 60 };
}

function populate(mail: MailStore): void {
  put(mail.inbox, 'one', ['\\Seen']);
  put(mail.inbox, 'two', ['\\Flagged', 'Work']);
  // Mail from before 1970: converters and broken clocks make it.
  mail.inbox.append({ body: markedMessage('three'), internalDate: { seconds: -86_400, zone: 0 } });
  const archive = mail.create('Archive');
  put(archive, 'four', ['\\Seen', '$Forwarded']);
  put(archive, 'one', ['\\Seen']);
  put(mail.create('Archive/2024'), 'five', ['Junk', 'Later']);
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'first run', minEffects: 60, before: [], change: populate },
  {
    name: 'new mail, flags and keywords',
    minEffects: 35,
    before: [populate],
    change: ({ inbox }) => {
      put(inbox, 'six', ['Fresh']);
      put(inbox, 'seven');
      inbox.setFlags([1], 'replace', ['\\Answered']);
      inbox.setFlags([3], 'add', ['Other', 'Work']);
      inbox.setFlags([2], 'remove', ['Work']);
    },
  },
  {
    name: 'deletions',
    minEffects: 20,
    before: [populate],
    change: (mail) => {
      mail.inbox.setFlags([2], 'add', ['\\Deleted']);
      mail.inbox.expunge([1, 3]);
      mail.mailbox('Archive/2024').wipe();
    },
  },
  {
    name: 'moves and copies recognised by their octets',
    minEffects: 25,
    before: [populate],
    change: (mail) => {
      mail.move('INBOX', [2, 3], 'Archive');
      mail.copy('Archive', [1], 'INBOX');
      mail.mailbox('Archive').setFlags([1], 'replace', ['Moved']);
    },
  },
  {
    name: 'moves and copies recognised by EMAILID',
    minEffects: 25,
    objectId: true,
    before: [populate],
    change: (mail) => {
      mail.move('INBOX', [2, 3], 'Archive');
      mail.copy('Archive', [1], 'INBOX');
    },
  },
  {
    name: 'new UIDVALIDITY',
    minEffects: 30,
    before: [populate],
    change: (mail) => {
      mail.inbox.expunge([1]);
      mail.inbox.bumpUidValidity({ renumber: true });
      put(mail.inbox, 'eight');
    },
  },
  {
    name: 'renamed mailbox',
    minEffects: 30,
    before: [populate],
    change: (mail) => mail.rename('Archive', 'Attic'),
  },
  {
    name: 'renamed mailbox under a new UIDVALIDITY, known by MAILBOXID',
    minEffects: 30,
    objectId: true,
    before: [populate],
    change: (mail) => {
      mail.rename('Archive', 'Attic', { newUidValidity: true });
      mail.mailbox('Attic').bumpUidValidity({ renumber: true });
    },
  },
  {
    name: 'renamed mailbox that gets its old name back',
    minEffects: 20,
    before: [populate],
    change: (mail) => mail.rename('Archive', 'Attic'),
    afterCrash: (mail) => mail.rename('Attic', 'Archive'),
  },
  {
    name: 'renamed mailbox with mail removed from it',
    minEffects: 20,
    before: [populate, (mail) => mail.mailbox('Archive').expunge([2])],
    change: (mail) => {
      mail.rename('Archive/2024', 'Past/Years');
      mail.rename('Archive', 'Attic');
      mail.mailbox('Attic').setFlags([1], 'replace', ['Fresh']);
    },
  },
  {
    name: 'deleted mailbox',
    minEffects: 20,
    before: [populate],
    change: (mail) => {
      mail.delete('Archive/2024');
      mail.delete('Archive');
    },
  },
  {
    name: 'a mailbox that comes back with other mail',
    minEffects: 20,
    before: [populate, (mail) => mail.delete('Archive/2024')],
    change: (mail) => {
      put(mail.create('Archive/2024'), 'five', ['Later']);
      put(mail.mailbox('Archive/2024'), 'nine', ['Newest']);
    },
  },
  {
    name: 'flags that change and change back',
    minEffects: 15,
    before: [populate],
    change: ({ inbox }) => {
      inbox.setFlags([1, 2, 3], 'add', ['\\Answered', 'Passing']);
    },
    afterCrash: ({ inbox }) => {
      inbox.setFlags([1, 2, 3], 'remove', ['\\Answered', 'Passing']);
    },
  },
  {
    name: 'mail that goes while it is fetched',
    minEffects: 25,
    before: [populate],
    change: ({ inbox }) => {
      put(inbox, 'six');
      put(inbox, 'seven');
      put(inbox, 'eight', ['Fresh']);
    },
    afterCrash: ({ inbox }) => {
      inbox.expunge([4, 6]);
      put(inbox, 'nine');
    },
  },
  {
    name: 'a new UIDVALIDITY on the heels of new mail',
    minEffects: 20,
    before: [populate],
    change: ({ inbox }) => {
      put(inbox, 'six');
      put(inbox, 'seven');
    },
    afterCrash: ({ inbox }) => {
      inbox.expunge([1]);
      inbox.bumpUidValidity({ renumber: true });
    },
  },
  {
    name: 'a move that is undone',
    mayFetchAgain: true,
    minEffects: 20,
    before: [populate],
    change: (mail) => {
      mail.move('INBOX', [1, 2, 3], 'Archive');
    },
    afterCrash: (mail) => {
      mail.move('Archive', [3, 4, 5], 'INBOX');
    },
  },
];
