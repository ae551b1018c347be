/**
 * Reads an archive's index without changing it, also while a sync writes: status, history, inventory and
 * selections for restore.
 */
import type { ArchiveStatus, IndexedMailbox, RunRow, SelectedPlacement } from '../core/archive-ports.js';
import { maildirFileName } from '../core/maildir-name.js';
import type { SyncReport } from '../core/report.js';
import type { FilePlace, Tree } from '../core/store-ports.js';
import { guarded, openIndex } from './database.js';
import { MailboxRows } from './mailbox-rows.js';
import { RunRows } from './run-rows.js';

export class ArchiveReader {
  readonly #file: string;
  readonly #database: ReturnType<typeof openIndex>;
  readonly #mailboxes: MailboxRows;
  readonly #runs: RunRows;

  private constructor(file: string) {
    this.#file = file;
    this.#database = openIndex(file, { create: false });
    this.#mailboxes = new MailboxRows(this.#database);
    this.#runs = new RunRows(this.#database);
  }

  /** Throws ArchiveError `no_archive` where there is none. */
  static open(file: string): ArchiveReader {
    return new ArchiveReader(file);
  }

  status(): ArchiveStatus {
    return guarded(this.#file, () => {
      const counts = this.#database
        .prepare<[], { messages: number; bytes: number; removed: number }>(
          `SELECT count(*) FILTER (WHERE p.last_run IS NULL) AS messages,
                  coalesce(sum(g.size) FILTER (WHERE p.last_run IS NULL), 0) AS bytes,
                  count(*) FILTER (WHERE p.tree = 'removed') AS removed
           FROM placement p JOIN message g ON g.id = p.message`,
        )
        .get()!;
      const lastSuccessAt = this.#runs.get('last_success_at');
      return {
        ...counts,
        lastReport: this.#lastReport(),
        lastSuccessAt: lastSuccessAt === null ? null : Number(lastSuccessAt),
        hold: this.#runs.get('hold'),
        mailboxes: this.#mailboxes.status(),
      };
    });
  }

  history(): RunRow[] {
    return guarded(this.#file, () => this.#runs.history());
  }

  mailboxes(): IndexedMailbox[] {
    return guarded(this.#file, () => this.#mailboxes.all());
  }

  /** Placements with a file, by UID: those on the server, and with `removed` also those that left it. */
  *placements(mailbox: IndexedMailbox, which: { readonly removed: boolean }): Generator<SelectedPlacement> {
    const rows = this.#database
      .prepare<
        [number, number],
        FileRow & { flags: string; tree: Tree; messageId: string | null; headerSha256: string }
      >(
        `SELECT p.generation, p.uid, p.received_at AS receivedAt, p.letters, p.tree, f.flags, lower(hex(g.sha256)) AS sha256, g.size,
                g.message_id AS messageId, lower(hex(g.header_sha256)) AS headerSha256
         FROM placement p JOIN message g ON g.id = p.message JOIN flag_set f ON f.id = p.flag_set
         WHERE p.mailbox = ? AND p.tree IS NOT NULL AND (p.last_run IS NULL OR ?) ORDER BY p.generation, p.uid`,
      )
      .iterate(mailbox.id, which.removed ? 1 : 0);
    for (const row of rows) {
      yield {
        uid: row.uid,
        removed: row.tree === 'removed',
        sha256: row.sha256,
        size: row.size,
        flags: row.flags,
        receivedAt: row.receivedAt,
        messageId: row.messageId,
        headerSha256: row.headerSha256,
        place: placeOf(row, row.tree, mailbox.folder),
      };
    }
  }

  close(): void {
    this.#database.close();
  }

  #lastReport(): SyncReport | null {
    const text = this.#runs.get('last_report');
    return text === null ? null : (JSON.parse(text) as SyncReport);
  }
}

interface FileRow {
  generation: number;
  uid: number;
  receivedAt: number;
  letters: string;
  sha256: string;
  size: number;
}

function placeOf(row: FileRow, tree: Tree, folder: string): FilePlace {
  return { tree, folder, name: maildirFileName(row, row.letters) };
}
