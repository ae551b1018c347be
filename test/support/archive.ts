// An archive as a stranger reads it from disk: walks the Maildirs, hashes every file, turns letters back into flags.
// Shares nothing with src/, and throws on anything that docs/format.md doesn't allow.

import { createHash } from 'node:crypto';
import { type Dirent, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FLAG_OF_LETTER } from './flag-letters.js';
import type { MailStore } from './imap-server/mail-store.js';
import { bodyOf } from './imap-server/message.js';
import type { ServerState, StoredMessage } from './server-state.js';

export type Tree = 'mail' | 'removed';

export interface ArchivedMessage extends StoredMessage {
  readonly file: string;
  readonly inode: number;
  readonly generation: number;
}

/** Folder below the tree to its messages by UID. */
export type Archive = Map<string, Map<number, ArchivedMessage>>;

/**
 * Throws where a file's name, mode or place is not what it must be, and where a UID has two files in mail/. After a run
 * that was cut short (`unfinished`) it may: what was adopted under a new UIDVALIDITY still has its old name too.
 */
export function readArchive(root: string, tree: Tree, { unfinished = false } = {}): Archive {
  const archive: Archive = new Map();
  const top = join(root, tree);
  const byUid = tree === 'mail' && !unfinished;
  if (existsSync(top)) walk(top, '', (folder) => archive.set(folder, readMaildir(join(top, folder), byUid)));
  return archive;
}

function walk(top: string, folder: string, onMaildir: (folder: string) => void): void {
  const entries = readdirSync(join(top, folder), { withFileTypes: true });
  if (entries.some(({ name }) => name === 'cur')) onMaildir(folder);
  for (const entry of entries) {
    if (['cur', 'new', 'tmp'].includes(entry.name)) continue;
    if (entry.isFile() && entry.name === 'dovecot-keywords') continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) throw new Error(`a stray file: ${path}`);
    checkMode(join(top, path), 0o700);
    walk(top, path, onMaildir);
  }
}

const NAME = /^(-?\d+)\.G(\d+)U(\d+)\.([0-9a-f]{64}),S=(\d+):2,([A-Za-z]*)$/;

function readMaildir(folder: string, byUid: boolean): Map<number, ArchivedMessage> {
  for (const part of ['cur', 'new', 'tmp']) checkMode(join(folder, part), 0o700);
  const strays = [...list(folder, 'tmp'), ...list(folder, 'new')];
  if (strays.length > 0)
    throw new Error(`${folder}: files in tmp/ or new/: ${strays.map(({ name }) => name)}`);
  const keywords = readKeywords(folder);
  const messages = new Map<number, ArchivedMessage>();
  for (const { name } of list(folder, 'cur')) {
    const file = join(folder, 'cur', name);
    const match = NAME.exec(name);
    if (match === null) throw new Error(`not a name of a message: ${file}`);
    const [, date, generation, uid, sha256, size, letters] = match as unknown as string[];
    const octets = readFileSync(file);
    const facts = lstatSync(file);
    checkMode(file, 0o600);
    if (createHash('sha256').update(octets).digest('hex') !== sha256 || octets.length !== Number(size))
      throw new Error(`${file} does not hold what its name says`);
    if (facts.mtimeMs !== Number(date) * 1000)
      throw new Error(`${file}: the mtime ${facts.mtimeMs} is not its date`);
    if ([...letters!].sort().join('') !== letters) throw new Error(`${file}: the letters are not in order`);
    const key = byUid ? Number(uid) : Number(generation) * 1e10 + Number(uid);
    if (messages.has(key)) throw new Error(`${folder}: UID ${uid} has two files`);
    messages.set(key, {
      sha256: sha256!,
      flags: [...letters!].map((letter) => flagOf(letter, keywords, file)).sort(),
      internalDate: facts.mtimeMs / 1000,
      file,
      inode: facts.ino,
      generation: Number(generation),
    });
  }
  return messages;
}

function flagOf(letter: string, keywords: ReadonlyMap<string, string>, file: string): string {
  const flag = FLAG_OF_LETTER[letter] ?? keywords.get(letter);
  if (flag === undefined) throw new Error(`${file}: the letter ${letter} means nothing`);
  return flag;
}

function readKeywords(folder: string): Map<string, string> {
  const file = join(folder, 'dovecot-keywords');
  const keywords = new Map<string, string>();
  if (!existsSync(file)) return keywords;
  for (const line of readFileSync(file, 'utf8').split('\n').slice(0, -1)) {
    const match = /^(\d+) (\S+)$/.exec(line);
    if (match === null || Number(match[1]) > 25) throw new Error(`${file}: ${JSON.stringify(line)}`);
    keywords.set(String.fromCharCode(97 + Number(match[1])), match[2]!);
  }
  return keywords;
}

function list(folder: string, part: string): Dirent[] {
  return readdirSync(join(folder, part), { withFileTypes: true });
}

function checkMode(path: string, mode: number): void {
  const actual = lstatSync(path).mode & 0o777;
  if (actual !== mode) throw new Error(`${path} has the mode ${actual.toString(8)}`);
}

/** Mailbox or folder, then one line for each message: what equality of archive and server is judged by. */
export type Lines = Record<string, string[]>;

export function archiveLines(archive: Archive): Lines {
  return Object.fromEntries(
    [...archive]
      .map(([folder, messages]) => [folder, linesOf(messages)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** `folderOf` says where a mailbox belongs, as the test knows it and not as mailkeep computes it. */
export function serverLines(state: ServerState, folderOf: Readonly<Record<string, string>> = {}): Lines {
  return Object.fromEntries(
    [...state]
      .map(([path, { messages }]) => [folderOf[path] ?? path, linesOf(messages)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** What the in-process server holds, keyed by wire name. */
export function storeState(store: MailStore): ServerState {
  const state: ServerState = new Map();
  for (const mailbox of store.mailboxes.values()) {
    if (!mailbox.selectable) continue;
    const messages = new Map<number, StoredMessage>();
    for (const uid of mailbox.uids) {
      const message = mailbox.get(uid)!;
      messages.set(uid, {
        sha256: createHash('sha256').update(bodyOf(message)).digest('hex'),
        flags: [...message.flags].filter((flag) => flag !== '\\Recent').sort(),
        internalDate: message.internalDate.seconds,
      });
    }
    state.set(mailbox.name, { uidValidity: mailbox.uidValidity, messages });
  }
  return state;
}

/** Without the UIDs: for places where the numbers may differ, such as removed/ or another server. */
export function contentLines(messages: Iterable<StoredMessage>): string[] {
  return [...messages].map(lineOf).sort();
}

function linesOf(messages: ReadonlyMap<number, StoredMessage>): string[] {
  return [...messages].sort(([a], [b]) => a - b).map(([uid, message]) => `${uid} ${lineOf(message)}`);
}

function lineOf({ sha256, flags, internalDate }: StoredMessage): string {
  return `${sha256.slice(0, 16)} ${internalDate} ${flags.join(' ')}`;
}
