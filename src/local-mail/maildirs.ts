/**
 * Maildirs of other programs, read only: whatever below the path has a `cur`, in Maildir++ (`.Work.2024`) or
 * with sub-folders as folders. The mtime stands for INTERNALDATE, the letters of a name for flags; small letters for
 * the keywords that Dovecot and mailkeep list in `dovecot-keywords`.
 */

import { closeSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describeError } from '../core/errors.js';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { parseKeywordList } from '../core/mailbox/keyword-list.js';
import { flagsOfLetters } from '../core/mailbox/maildir-name.js';
import type { LocalEvent, LocalMail, LocalMailbox } from '../core/ports/import.js';
import { chunksOf, openMessage } from './open-message.js';

/** Files read between two turns of the event loop. */
const FILES_A_TURN = 100;

/** `decode` gives the text of a name as it stands on disk. Throws what the file system throws. */
export function openMaildirs(root: string, decode: (name: string) => string): LocalMail {
  return {
    mailboxes: maildirsBelow(root, '', decode),
    read: ({ from }) => messagesIn(root, from),
  };
}

function maildirsBelow(root: string, from: string, decode: (name: string) => string): LocalMailbox[] {
  const folders = readdirSync(join(root, from), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  const own = folders.includes('cur') ? [{ from, components: componentsOf(from, decode) }] : [];
  return [
    ...own,
    ...folders
      .filter((name) => !PARTS.has(name))
      .flatMap((name) => maildirsBelow(root, join(from, name), decode)),
  ];
}

const PARTS = new Set(['cur', 'new', 'tmp']);

function componentsOf(from: string, decode: (name: string) => string): string[] {
  if (from === '') return ['INBOX'];
  // A name that begins with a dot is Maildir++: the levels are in one name, and its own dot is a separator too.
  return from
    .split('/')
    .flatMap((name) => (name.startsWith('.') ? name.slice(1).split('.') : [name]))
    .map(decode);
}

async function* messagesIn(root: string, from: string): AsyncGenerator<LocalEvent> {
  let files = 0;
  const keywords = keywordsOf(join(root, from));
  for (const part of ['cur', 'new']) {
    const folder = join(from, part);
    const names = namesIn(join(root, folder));
    if (typeof names === 'string') {
      yield { kind: 'failed', file: folder, reason: names };
      continue;
    }
    for (const name of names) {
      yield* messageAt(root, join(folder, name), flagsOf(name, keywords));
      files += 1;
      if (files % FILES_A_TURN === 0) await setImmediate();
    }
  }
}

async function* messageAt(root: string, file: string, flags: string): AsyncGenerator<LocalEvent> {
  const open = openMessage(join(root, file));
  if (typeof open === 'string') {
    yield { kind: 'failed', file, reason: open };
    return;
  }
  try {
    yield { kind: 'begin', file, receivedAt: open.modified, flags };
    for await (const octets of chunksOf(open)) yield { kind: 'octets', octets };
    yield { kind: 'end' };
  } catch (error) {
    yield { kind: 'failed', file, reason: describeError(error) };
  } finally {
    closeSync(open.descriptor);
  }
}

/** A sentence where it can't be read. In a fixed order; Maildir passes over names that begin with a dot. */
function namesIn(folder: string): string[] | string {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : describeError(error);
  }
}

const MOST_KEYWORD_OCTETS = 64 * 1024;

/** By letter; '' where a letter stands for nothing that could be a keyword (RFC 9051, atom). */
function keywordsOf(folder: string): string[] {
  const open = openMessage(join(folder, 'dovecot-keywords'));
  if (typeof open === 'string') return [];
  try {
    const octets = Buffer.alloc(Math.min(open.size, MOST_KEYWORD_OCTETS));
    const length = readSync(open.descriptor, octets, 0, octets.length, 0);
    return parseKeywordList(octets.toString('latin1', 0, length)).map((keyword) =>
      /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,255}$/.test(keyword) ? keyword : '',
    );
  } catch {
    return [];
  } finally {
    closeSync(open.descriptor);
  }
}

/** Programs that run on Windows too write another character for the ":" in front of "2,". */
function flagsOf(name: string, keywords: readonly string[]): string {
  const letters = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? '';
  return canonicalFlags(flagsOfLetters(letters, keywords));
}
