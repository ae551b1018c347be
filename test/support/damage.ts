// The ways in which an archive goes wrong on disk, planted from outside with nothing of the product's code. Each says
// what check must name, so that a kind that nobody notices fails the test and not the archive.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export interface Damage {
  readonly name: string;
  /** The head of check's report, and what the reason says. */
  readonly head: 'missing' | 'corrupt' | 'unindexed' | 'untidy' | 'index';
  readonly says: RegExp;
  /** Whether check must end with 20. */
  readonly isDamage: boolean;
  /** Returns the file that check must name, below the root; null where any will do. */
  readonly plant: (root: string) => string | null;
  /** What check still names after a repair, because it is not repair's to decide. */
  readonly stays?: true;
}

/** Those of nth files from the last to the first: what one does to the order changes no other's choice. */
export const DAMAGES: readonly Damage[] = [
  {
    name: 'a file that others may read',
    head: 'untidy',
    says: /its mode is 644/,
    isDamage: false,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 13);
      chmodSync(file, 0o644);
      return below(root, file);
    },
  },
  {
    name: 'a wrong date',
    head: 'untidy',
    says: /its date is/,
    isDamage: false,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 12);
      utimesSync(file, 1, 1);
      return below(root, file);
    },
  },
  {
    name: 'a deleted file',
    head: 'missing',
    says: /is not there/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 11);
      unlinkSync(file);
      return below(root, file);
    },
  },
  {
    name: 'a file in the wrong folder',
    head: 'missing',
    says: /it lies in mail\/Work instead/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 9);
      renameSync(file, file.replace('/INBOX/', '/Work/'));
      return below(root, file);
    },
  },
  {
    name: 'a file that was given another name',
    head: 'missing',
    says: /is not there/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 8);
      renameSync(file, join(dirname(file), 'renamed by a program.eml'));
      return below(root, file);
    },
  },
  {
    name: 'a file that was cut short',
    head: 'corrupt',
    says: /octets instead of/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 7);
      truncateSync(file, 100);
      return below(root, file);
    },
  },
  {
    name: 'a file that was moved to new/',
    head: 'corrupt',
    says: /its name should be/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 6);
      const moved = file.replace('/cur/', '/new/');
      renameSync(file, moved);
      return below(root, moved);
    },
  },
  {
    name: 'a file with other flags in its name',
    head: 'corrupt',
    says: /its name should be/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 5);
      renameSync(file, file.replace(/:2,.*$/, ':2,FRT'));
      return below(root, file.replace(/:2,.*$/, ':2,FRT'));
    },
  },
  {
    name: 'a second file of a message',
    head: 'unindexed',
    says: /second file/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 4);
      const extra = `${file}T`;
      copyWithDate(file, extra);
      return below(root, extra);
    },
  },
  {
    name: 'a second file of a message, in new/ and of the same name',
    head: 'unindexed',
    says: /second file/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 4);
      const extra = file.replace('/cur/', '/new/');
      copyWithDate(file, extra);
      return below(root, extra);
    },
  },
  {
    name: 'a flipped bit',
    head: 'corrupt',
    says: /do not match its SHA-256/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 3);
      const octets = readFileSync(file);
      octets[octets.length >> 1]! ^= 0x10;
      rewrite(file, octets);
      return below(root, file);
    },
  },
  {
    name: 'an extra file of a message that nobody knows',
    head: 'unindexed',
    says: /does not know this file/,
    isDamage: true,
    plant: (root) => {
      const file = fileIn(root, 'mail/INBOX', 2);
      const extra = file.replace(/U\d+\./, 'U4000000.');
      copyWithDate(file, extra);
      return below(root, extra);
    },
  },
  {
    name: 'a damaged inode that has several names',
    head: 'corrupt',
    says: /do not match its SHA-256/,
    isDamage: true,
    plant: (root) => {
      const file = filesIn(root, 'mail/Copies').find((path) => statSync(path).nlink > 1)!;
      const octets = readFileSync(file);
      octets[10]! ^= 1;
      rewrite(file, octets);
      return below(root, file);
    },
  },
  {
    name: 'a deleted file under removed/ whose content lies elsewhere',
    head: 'missing',
    says: /is not there/,
    isDamage: true,
    plant: (root) => {
      const file = filesIn(root, 'removed/INBOX').findLast((path) => statSync(path).nlink > 1)!;
      unlinkSync(file);
      return below(root, file);
    },
  },
  {
    name: 'a message of another program',
    head: 'unindexed',
    says: /some other program/,
    isDamage: true,
    plant: (root) => {
      const file = join(root, 'mail/INBOX/cur/1300000000.M1P1.elsewhere:2,FS');
      writeFileSync(file, 'Subject: mine\r\n\r\n', { mode: 0o644 });
      return below(root, file);
    },
  },
  {
    name: 'a copy that another program made of a message',
    head: 'unindexed',
    says: /some other program/,
    isDamage: true,
    plant: (root) => {
      const file = join(root, 'mail/INBOX/new/copy.eml');
      copyWithDate(fileIn(root, 'mail/INBOX', 1), file);
      return below(root, file);
    },
  },
  {
    name: 'a folder of another program',
    head: 'unindexed',
    says: /some other program/,
    isDamage: true,
    plant: (root) => {
      const file = join(root, 'mail/Of its own/cur/1300000001.M1P1.elsewhere');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, 'Subject: elsewhere\r\n\r\n', { mode: 0o600 });
      return below(root, file);
    },
  },
  {
    name: 'a hidden file of somebody else',
    head: 'unindexed',
    says: /left alone/,
    isDamage: false,
    stays: true,
    plant: (root) => {
      const file = join(root, 'mail/INBOX/cur/.DS_Store');
      writeFileSync(file, 'Bud1', { mode: 0o600 });
      return below(root, file);
    },
  },
  {
    name: 'a lost folder',
    head: 'missing',
    says: /folder of this mailbox is not there/,
    isDamage: true,
    plant: (root) => {
      rmSync(join(root, 'mail/Work'), { recursive: true });
      return 'mail/Work';
    },
  },
  {
    name: 'a folder that was given another name',
    head: 'missing',
    says: /it lies in mail\/Elsewhere instead/,
    isDamage: true,
    plant: (root) => {
      renameSync(join(root, 'mail/Work'), join(root, 'mail/Elsewhere'));
      return null;
    },
  },
  {
    name: 'a broken hard link',
    head: 'untidy',
    says: /hard link would do/,
    isDamage: false,
    plant: (root) => {
      const file = filesIn(root, 'mail/Copies').findLast((path) => statSync(path).nlink > 1)!;
      copyWithDate(file, `${file}.copy`);
      renameSync(`${file}.copy`, file);
      return null;
    },
  },
  {
    name: 'other letters for the keywords',
    head: 'corrupt',
    says: /letters of keywords/,
    isDamage: true,
    plant: (root) => {
      writeFileSync(join(root, 'mail/INBOX/dovecot-keywords'), '0 Other\n');
      return 'mail/INBOX/dovecot-keywords';
    },
  },
  {
    name: 'a half-written log of the index',
    head: 'index',
    says: /half-written page/,
    isDamage: false,
    plant: (root) => {
      leaveLog(join(root, 'index.db'));
      const log = join(root, 'index.db-wal');
      truncateSync(log, statSync(log).size - 1000);
      return 'index.db-wal';
    },
  },
  {
    name: 'rubbish at the end of the log of the index',
    head: 'index',
    says: /half-written page/,
    isDamage: false,
    plant: (root) => {
      leaveLog(join(root, 'index.db'));
      appendFileSync(join(root, 'index.db-wal'), 'rubbish');
      return 'index.db-wal';
    },
  },
];

/** Turns the last pages of the index to rubbish; it opens as if nothing were wrong. */
export function spoilIndex(root: string): void {
  const file = join(root, 'index.db');
  const octets = readFileSync(file);
  octets.fill(0xa5, octets.length - 3 * 4096);
  writeFileSync(file, octets);
}

/** The nth file of a folder, in the order of names; one with a single name. */
export function fileIn(root: string, folder: string, nth: number): string {
  return filesIn(root, folder).filter((path) => statSync(path).nlink === 1)[nth]!;
}

export function filesIn(root: string, folder: string): string[] {
  const cur = join(root, folder, 'cur');
  if (!existsSync(cur)) return [];
  return readdirSync(cur)
    .sort()
    .map((name) => join(cur, name));
}

/** A process that writes to the index and is killed: its log stays behind. */
function leaveLog(index: string): void {
  const library = createRequire(import.meta.url).resolve('better-sqlite3');
  const script = `
    const database = new (require(${JSON.stringify(library)}))(${JSON.stringify(index)});
    database.prepare("INSERT INTO state (key, value) VALUES ('probe', 'x') ON CONFLICT DO UPDATE SET value = value || 'x'").run();
    process.kill(process.pid, 'SIGKILL');`;
  try {
    execFileSync(process.execPath, ['-e', script], { stdio: 'ignore' });
  } catch {
    // Killed, as it was meant to be.
  }
  if (!existsSync(`${index}-wal`)) throw new Error('no log was left behind');
}

function rewrite(file: string, octets: Buffer): void {
  const { mtime } = statSync(file);
  writeFileSync(file, octets);
  utimesSync(file, mtime, mtime);
}

function copyWithDate(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
  const { mtime } = statSync(from);
  utimesSync(to, mtime, mtime);
}

function below(root: string, file: string): string {
  return file.slice(root.length + 1);
}
