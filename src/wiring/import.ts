/** Takes mail of another program on this machine into one account's archive. */
import { existsSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { AccountConfig } from '../config/config.js';
import { UsageError } from '../core/errors.js';
import type { ImportFormat, LocalMail } from '../core/ports/import.js';
import { fileProblem } from '../core/text/file-problem.js';
import { pathOf } from '../imap/names.js';
import { type ImportOptions, type ImportReport, importMail } from '../jobs/import-mail.js';
import { journalCommand, takeOverJournal } from '../jobs/journal-run.js';
import { JournalFile } from '../journal/journal-file.js';
import { MaildirStore } from '../maildir/store.js';
import { ImportRows } from '../sqlite/import-rows.js';
import { openSyncIndex } from '../sqlite/sync-index.js';
import { isWithin, realPlace } from './real-place.js';
import { sha256, startSha256 } from './surroundings.js';
import { makeSearchable } from './sync.js';
import type { Wiring } from './wiring.js';

export interface ImportRequest extends Omit<ImportOptions, 'name'> {
  readonly format: ImportFormat;
  /** Absolute. */
  readonly path: string;
}

/** Throws UsageError where there is no such mail at the path, and InterruptedError; what was taken then stays. */
export async function runImport(
  wiring: Wiring,
  account: AccountConfig,
  request: ImportRequest,
): Promise<ImportReport> {
  const path = realPath(request.path);
  refuseArchive(wiring.config.dataDir, path);
  const mail = await openMail(request.format, path);
  const options = { ...request, name: basename(path) || 'mail' };
  if (request.dryRun && !existsSync(join(wiring.root(account), 'index.db')))
    return importMail(portsOf(wiring, account, mail, null), options);
  return wiring.locked(account, 'import', (root) => importLocked(wiring, account, root, mail, options));
}

async function importLocked(
  wiring: Wiring,
  account: AccountConfig,
  root: string,
  mail: LocalMail,
  options: ImportOptions,
): Promise<ImportReport> {
  const startedAt = wiring.now;
  const sync = openSyncIndex(join(root, 'index.db'));
  try {
    const journal = { index: sync, journal: new JournalFile(join(root, 'journal.jsonl')) };
    if (!options.dryRun) takeOverJournal(journal);
    const index = new ImportRows(join(root, 'index.db'));
    try {
      const report = await importMail(portsOf(wiring, account, mail, index), options);
      if (options.dryRun) return report;
      journalCommand(journal, startedAt);
      if (report.imported > 0) await makeSearchable(wiring, account, options);
      return report;
    } finally {
      index.close();
    }
  } finally {
    sync.close();
  }
}

function portsOf(wiring: Wiring, account: AccountConfig, mail: LocalMail, index: ImportRows | null) {
  const store = new MaildirStore(wiring.root(account));
  return { mail, index, store, digest: sha256, startHash: startSha256 };
}

async function openMail(format: ImportFormat, path: string): Promise<LocalMail> {
  const mail = await readable(path, async () =>
    format === 'maildir'
      ? (await import('../local-mail/maildirs.js')).openMaildirs(path, textOf)
      : (await import('../local-mail/mboxes.js')).openMboxes(path, textOf),
  );
  if (mail.mailboxes.length > 0) return mail;
  throw new UsageError(
    format === 'maildir' ? `no Maildir at ${path}` : `no mbox at ${path}`,
    format === 'maildir'
      ? 'nothing was done; name a folder that has cur, new and tmp, or one above such folders'
      : 'nothing was done; name a file that begins with "From ", or a folder with such files',
  );
}

/** Most programs write names in modified UTF-7, as their servers do; what isn't that stays as it stands. */
function textOf(name: string): string {
  const wireName = Buffer.from(name, 'utf8').toString('latin1');
  const [component] = pathOf(wireName, { delimiter: null, prefix: '', utf8: false }).components;
  return component?.exact === true ? component.text : name;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function readable<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): UsageError {
  return new UsageError(
    `cannot read ${path}: ${fileProblem(error)}`,
    'name the folder or file where the mail lies; nothing was changed',
  );
}

/** What the archive holds already would be taken for mail of another program. */
function refuseArchive(dataDir: string, path: string): void {
  const archive = realPlace(dataDir);
  if (!isWithin(path, archive) && !isWithin(archive, path)) return;
  throw new UsageError(
    isWithin(path, archive)
      ? `${path} lies in data_dir, where the archives are`
      : `data_dir, where the archives are, lies in ${path}`,
    'nothing was done; name a folder of another mail program, apart from data_dir',
  );
}
