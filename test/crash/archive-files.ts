// The archive as any program would find it: nothing but folders, names, octets and times, read without a
// line of the product's code. What it is compared with is the server's own mail.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { FLAG_OF_LETTER } from '../support/flag-letters.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';

export interface ArchiveFile {
  readonly tree: 'mail' | 'removed';
  /** Mailbox folder below the tree. */
  readonly folder: string;
  readonly name: string;
  /** Of the octets that are there. */
  readonly sha256: string;
  readonly size: number;
  readonly modified: number;
  readonly inode: number;
}

/** Every message file in cur/ of both trees, and complaints about whatever else lies around. */
export function readArchive(root: string): { files: ArchiveFile[]; problems: string[] } {
  const files: ArchiveFile[] = [];
  const problems: string[] = [];
  for (const tree of ['mail', 'removed'] as const) {
    const base = join(root, tree);
    if (!existsSync(base)) continue;
    for (const entry of readdirSync(base, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const folder = relative(base, dirname(entry.parentPath));
      if (entry.parentPath.endsWith('/cur')) files.push(fileAt(path, tree, folder));
      else if (entry.name !== 'dovecot-keywords' || entry.parentPath.endsWith('/tmp'))
        problems.push(`${relative(root, path)} should not be there`);
    }
  }
  return { files, problems };
}

/** What differs between mail/ and the server; empty if nothing does. Mailbox names must be plain. */
export function differences(root: string, mail: MailStore): string[] {
  const { files, problems } = readArchive(root);
  const here = new Map<string, string>();
  for (const file of files) {
    problems.push(...selfContradictions(file));
    if (file.tree !== 'mail') continue;
    const { uid, letters } = namedFacts(file);
    const key = `${file.folder} ${uid}`;
    if (here.has(key)) problems.push(`${key} is there twice`);
    here.set(key, `${file.sha256} ${file.modified} ${flagsOf(root, file.folder, letters)}`);
  }
  for (const [name, mailbox] of mail.mailboxes) {
    for (const uid of mailbox.uids) {
      const message = mailbox.get(uid)!;
      const key = `${name} ${uid}`;
      const flags = [...message.flags].sort().join(' ');
      const there = `${sha256(bodyOf(message))} ${message.internalDate.seconds} ${flags}`;
      if (here.get(key) !== there)
        problems.push(`${key}: the server has ${there}, the archive ${here.get(key)}`);
      here.delete(key);
    }
  }
  for (const [key, facts] of here) problems.push(`${key} is not on the server: ${facts}`);
  return problems;
}

/** Both trees as text, for comparing two archives. */
export function fingerprint(root: string): string[] {
  return readArchive(root)
    .files.map((file) => `${file.tree}/${file.folder}/${file.name} ${file.sha256} ${file.modified}`)
    .sort();
}

/** The same content with the same date is one inode. */
export function splitTwins(root: string): string[] {
  const inodes = new Map<string, number>();
  return readArchive(root).files.flatMap((file) => {
    const key = `${file.sha256} ${file.modified}`;
    const known = inodes.get(key) ?? file.inode;
    inodes.set(key, known);
    return known === file.inode ? [] : [`${file.folder}/${file.name} is a copy and no link`];
  });
}

function selfContradictions(file: ArchiveFile): string[] {
  const { sha256: named, size, receivedAt } = namedFacts(file);
  const where = `${file.tree}/${file.folder}/${file.name}`;
  return [
    ...(named === file.sha256 ? [] : [`${where}: its octets are not those of its name`]),
    ...(size === file.size ? [] : [`${where}: ${file.size} octets`]),
    ...(receivedAt === file.modified ? [] : [`${where}: its mtime is ${file.modified}`]),
  ];
}

function namedFacts({ name }: ArchiveFile) {
  const parts = /^(-?\d+)\.G(\d+)U(\d+)\.([0-9a-f]{64}),S=(\d+):2,([A-Za-z]*)$/.exec(name);
  if (parts === null) throw new Error(`a file is named ${name}`);
  const [, receivedAt, generation, uid, sha256, size, letters] = parts;
  return {
    receivedAt: Number(receivedAt),
    generation: Number(generation),
    uid: Number(uid),
    sha256: sha256!,
    size: Number(size),
    letters: letters!,
  };
}

function flagsOf(root: string, folder: string, letters: string): string {
  const file = join(root, 'mail', folder, 'dovecot-keywords');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const keywords = new Map(lines.map((line) => line.split(' ') as [string, string]));
  const flags = [...letters].map(
    (letter) => FLAG_OF_LETTER[letter] ?? keywords.get(String(letter.charCodeAt(0) - 97)) ?? `?${letter}`,
  );
  return flags.sort().join(' ');
}

function fileAt(path: string, tree: ArchiveFile['tree'], folder: string): ArchiveFile {
  const { size, mtimeMs, ino } = statSync(path);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    tree,
    folder,
    name,
    sha256: sha256(readFileSync(path)),
    size,
    modified: mtimeMs / 1000,
    inode: ino,
  };
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
