/**
 * Looks for itself, without any code of mailkeep, whether the archive holds what the server holds: every
 * message of every mailbox with its octets, flags, keywords and date, and nothing else.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MailStore } from '../support/imap-server/mail-store.js';

import { bodyOf } from '../support/imap-server/message.js';
import { decodeModifiedUtf7 } from '../support/modified-utf7.js';

export interface Comparison {
  readonly mailboxes: number;
  readonly messages: number;
  readonly octets: number;
  /** One line for each mailbox that isn't the same; empty where all agree. */
  readonly differences: readonly string[];
}

/** `archive` is the account's folder. */
export function compare(store: MailStore, archive: string): Comparison {
  const differences: string[] = [];
  let messages = 0;
  let octets = 0;
  const mailboxes = [...store.mailboxes.values()].filter((mailbox) => mailbox.selectable);
  for (const mailbox of mailboxes) {
    const path = decodeModifiedUtf7(mailbox.name);
    const onServer = mailbox.uids.map((uid) => {
      const message = mailbox.get(uid)!;
      const body = bodyOf(message);
      messages += 1;
      octets += body.length;
      return describe(body, message.internalDate.seconds, message.flags);
    });
    const here = archived(join(archive, 'mail', ...path.split('/')));
    const missing = without(onServer, here).length;
    const extra = without(here, onServer).length;
    if (missing + extra > 0)
      differences.push(`${path}: ${missing} not in the archive, ${extra} not on the server`);
  }
  const folders = maildirs(join(archive, 'mail'));
  if (folders !== mailboxes.length)
    differences.push(`${folders} folders in the archive, ${mailboxes.length} mailboxes on the server`);
  return { mailboxes: mailboxes.length, messages, octets, differences };
}

function archived(folder: string): string[] {
  if (!existsSync(join(folder, 'cur'))) return [];
  const keywords = keywordLetters(join(folder, 'dovecot-keywords'));
  return readdirSync(join(folder, 'cur')).map((name) => {
    const file = join(folder, 'cur', name);
    const letters = [...name.slice(name.lastIndexOf(':2,') + 3)];
    const flags = letters.map(
      (letter) => SYSTEM.get(letter) ?? keywords.get(letter) ?? `unknown "${letter}"`,
    );
    return describe(readFileSync(file), Math.floor(statSync(file).mtimeMs / 1000), flags);
  });
}

const SYSTEM = new Map([
  ['D', '\\Draft'],
  ['F', '\\Flagged'],
  ['P', '$Forwarded'],
  ['R', '\\Answered'],
  ['S', '\\Seen'],
  ['T', '\\Deleted'],
]);

/** Line "0 garden" gives the letter "a" to the keyword. */
function keywordLetters(file: string): Map<string, string> {
  if (!existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(' ');
      return [String.fromCharCode(97 + Number(line.slice(0, space))), line.slice(space + 1)];
    }),
  );
}

/** Everything that must be equal, as one text. */
function describe(body: Buffer, seconds: number, flags: readonly string[]): string {
  return `${seconds} ${[...flags].sort().join(' ')}\n${body.toString('latin1')}`;
}

/** What is in the first list more often than in the second. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const rest = [...other];
  return list.filter((entry) => {
    const at = rest.indexOf(entry);
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
}

function maildirs(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const own = entries.some((entry) => entry.name === 'cur') ? 1 : 0;
  const below = entries.filter((entry) => !['cur', 'new', 'tmp'].includes(entry.name));
  return below.reduce((count, entry) => count + maildirs(join(folder, entry.name)), own);
}
