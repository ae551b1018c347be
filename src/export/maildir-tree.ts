/**
 * A Maildir tree that Dovecot serves at once with `mail_location = maildir:PATH:LAYOUT=fs`: INBOX is the tree
 * itself, other mailboxes are folders in it under their names in modified UTF-7. `dovecot-uidlist` and
 * `dovecot-keywords` give the messages their UIDVALIDITY, UIDs and keywords, the mtime is INTERNALDATE, so
 * clients carry on without a new download.
 */

import { closeSync, fsyncSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { flagList } from '../core/mailbox/flags.js';
import { keywordListText } from '../core/mailbox/keyword-list.js';
import {
  MAX_KEYWORD_LETTERS,
  maildirFileName,
  maildirLetters,
  newKeywords,
  uniquePart,
} from '../core/mailbox/maildir-name.js';
import { DistinctNames } from '../core/message/export-names.js';
import type { ExportedMailbox, ExportItem, ExportTarget, MailboxExport } from '../core/ports/export.js';
import { dovecotFolder } from './dovecot-names.js';
import { explained, FILE_MODE, StagedFolder } from './staging.js';
import { SyncedFiles } from './synced-files.js';

/** `encodeName` makes modified UTF-7 of text. */
export async function openMaildirExport(
  target: string,
  encodeName: (text: string) => string,
): Promise<ExportTarget> {
  const staged = await StagedFolder.open(target);
  const files = new SyncedFiles();
  const names = new DistinctNames((name) => name);
  const subscribed: string[] = [];
  makeMaildir(staged, '.');
  return {
    openMailbox: (mailbox) =>
      explained(target, async () => {
        const { name, own } = dovecotFolder(mailbox, encodeName);
        const served = names.claim(name);
        if (mailbox.subscribed) subscribed.push(served);
        const path = makeMaildir(staged, served === 'INBOX' ? '.' : served);
        const remark =
          own && served === name
            ? null
            : `${mailbox.path}: Dovecot can't serve this name; it became ${served}`;
        return new TreeMailbox(served, path, mailbox, files, target, remark);
      }),
    finish: () =>
      explained(target, async () => {
        const list = subscribed.map((name) => `${name}\n`).join('');
        writeFileSync(join(staged.path, 'subscriptions'), list, { mode: FILE_MODE, flush: true });
        await files.flush();
        await staged.finish();
      }),
    abort: () => {
      files.close();
      return staged.abort();
    },
  };
}

function makeMaildir(staged: StagedFolder, folder: string): string {
  for (const part of ['cur', 'new', 'tmp']) staged.folder(join(folder, part));
  return join(staged.path, folder);
}

const FORWARDED = '$Forwarded';

class TreeMailbox implements MailboxExport {
  readonly name: string;
  readonly #path: string;
  readonly #mailbox: ExportedMailbox;
  readonly #files: SyncedFiles;
  readonly #target: string;
  readonly #remarks = new Set<string>();
  readonly #uids: UidList | null;
  readonly #keywords: string[] = [];

  constructor(
    name: string,
    path: string,
    mailbox: ExportedMailbox,
    files: SyncedFiles,
    target: string,
    remark: string | null,
  ) {
    this.name = name;
    this.#path = path;
    this.#mailbox = mailbox;
    this.#files = files;
    this.#target = target;
    if (remark !== null) this.#remarks.add(remark);
    this.#uids = isUidValidity(mailbox.uidValidity)
      ? new UidList(join(path, 'dovecot-uidlist'), mailbox.uidValidity, mailbox.uidNext)
      : null;
  }

  add(item: ExportItem): Promise<void> {
    return explained(this.#target, async () => {
      const { placement } = item;
      const name = maildirFileName(
        { ...placement, generation: item.generation },
        this.#letters(placement.flags),
      );
      const file = join(this.#path, 'cur', name);
      const linked = await item.link(file).catch((error: unknown) => {
        rmSync(file, { force: true });
        throw error;
      });
      if (!linked) await this.#files.write(file, item.content(), placement.receivedAt);
      // UIDs of an older generation mean nothing under this UIDVALIDITY: Dovecot gives those messages new ones.
      if (item.generation === this.#mailbox.generation) this.#uids?.add(placement.uid, uniquePart(name));
    });
  }

  close(): Promise<readonly string[]> {
    return explained(this.#target, async () => {
      this.#uids?.close();
      const keywords = keywordListText(this.#keywords);
      if (keywords !== '')
        writeFileSync(join(this.#path, 'dovecot-keywords'), keywords, { mode: FILE_MODE, flush: true });
      return [...this.#remarks];
    });
  }

  /** Dovecot knows no letter for $Forwarded, other Maildir programs no keywords: it gets both. */
  #letters(flags: string): string {
    const forwarded = flagList(flags).some((flag) => flag.toLowerCase() === FORWARDED.toLowerCase());
    if (forwarded) this.#learn(FORWARDED);
    for (const keyword of newKeywords(flags, this.#keywords)) this.#learn(keyword);
    const letters = maildirLetters(flags, this.#keywords);
    const position = forwarded ? this.#keywords.indexOf(FORWARDED) : -1;
    return position === -1 ? letters : [...letters, String.fromCharCode(97 + position)].sort().join('');
  }

  #learn(keyword: string): void {
    if (this.#keywords.includes(keyword)) return;
    if (this.#keywords.length < MAX_KEYWORD_LETTERS) this.#keywords.push(keyword);
    else
      this.#remarks.add(
        `${this.#mailbox.path}: a Maildir has letters for ${MAX_KEYWORD_LETTERS} keywords, so ${keyword} is left out`,
      );
  }
}

/** The header has one length whatever UIDNEXT turns out to be, so that it can be written last. */
class UidList {
  readonly #descriptor: number;
  readonly #uidValidity: string;
  #uidNext: number;
  #lines: string[] = [];

  constructor(file: string, uidValidity: string, uidNext: number | null) {
    this.#descriptor = openSync(file, 'wx', FILE_MODE);
    this.#uidValidity = uidValidity;
    this.#uidNext = uidNext ?? 1;
    writeSync(this.#descriptor, this.#header());
  }

  add(uid: number, name: string): void {
    this.#uidNext = Math.max(this.#uidNext, uid + 1);
    this.#lines.push(`${uid} :${name}\n`);
    if (this.#lines.length >= 1000) this.#flush();
  }

  close(): void {
    this.#flush();
    writeSync(this.#descriptor, this.#header(), 0);
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
  }

  #header(): string {
    return `3 V${this.#uidValidity} N${String(this.#uidNext).padStart(10, '0')}\n`;
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#lines.join(''));
    this.#lines = [];
  }
}

/** 0 stands for a server without one. */
function isUidValidity(text: string | null): text is string {
  return text !== null && /^[1-9]\d{0,9}$/.test(text);
}
