/**
 * Maildirs of other programs, read only: whatever below the path has a `cur`, in Maildir++ (`.Work.2024`) or
 * with sub-folders as folders. The mtime stands for INTERNALDATE, the letters of a name for flags.
 */
import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { canonicalFlags } from '../core/mailbox/flags.js';
import { flagsOfLetters } from '../core/mailbox/maildir-name.js';
import type { LocalEvent, LocalMail, LocalMailbox } from '../core/ports/import.js';
import { chunksOf, openMessage, reasonOf } from './open-message.js';

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
  for (const part of ['cur', 'new']) {
    const folder = join(from, part);
    const names = namesIn(join(root, folder));
    if (typeof names === 'string') {
      yield { kind: 'failed', file: folder, reason: names };
      continue;
    }
    for (const name of names) {
      yield* messageAt(root, join(folder, name), flagsOf(name));
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
    yield { kind: 'failed', file, reason: reasonOf(error) };
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
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : reasonOf(error);
  }
}

/** Programs that run on Windows too write another character for the ":" in front of "2,". */
function flagsOf(name: string): string {
  const letters = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? '';
  return canonicalFlags(flagsOfLetters(letters, []));
}
