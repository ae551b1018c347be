/**
 * Feeds search.db. A message enters with its header as soon as it is stored, and again with its text once
 * that was read; entering may be repeated by anybody at any time. A row counts only while its hash is that
 * of the index's row of the same id, so an index that was made anew can't lend a message another's text.
 */
import { type HeaderFacts, NO_HEADER } from '../core/message/message-facts.js';
import type {
  ReadHeader,
  ReadText,
  SearchIndexWriter,
  TextOutcome,
  Unindexed,
  UnreadMessage,
} from '../core/ports/search.js';
import type { Tree } from '../core/ports/store.js';
import { bareMessageId } from '../core/query/query-fields.js';
import { searchableText } from '../core/query/search-text.js';
import type { Database } from './database.js';
import { placeOf } from './file-place.js';
import { asSearchError } from './search-errors.js';
import { SearchMark } from './search-mark.js';
import { openSearchDatabase } from './search-schema.js';

interface UnreadRow {
  id: number;
  sha256: string;
  size: number;
  generation: number | null;
  uid: number;
  receivedAt: number;
  letters: string;
  tree: Tree;
  folder: string;
}

/** Not the index's message any more; or its last file has been pruned since, or there is one again. */
const STALE = `SELECT s.id FROM message s LEFT JOIN archive.message g ON g.id = s.id AND g.sha256 = s.sha256
  WHERE g.id IS NULL OR (s.progress = 3) = EXISTS (SELECT 1 FROM archive.placement p WHERE p.message = s.id AND p.tree IS NOT NULL) ORDER BY s.id`;

/** Message g with one of its files, columns null where it has none. */
const UNREAD = `SELECT g.id, lower(hex(g.sha256)) AS sha256, g.size, p.generation, p.uid, p.received_at AS receivedAt, p.letters, p.tree, m.folder
  FROM archive.message g
  LEFT JOIN archive.placement p ON p.id = (SELECT min(q.id) FROM archive.placement q WHERE q.message = g.id AND q.tree IS NOT NULL)
  LEFT JOIN archive.mailbox m ON m.id = p.mailbox`;

export class SearchIndex implements SearchIndexWriter {
  readonly #file: string;
  readonly #database: Database;
  readonly #mark: SearchMark;

  private constructor(file: string, indexFile: string) {
    this.#file = file;
    this.#database = this.#guarded(() => openSearchDatabase(file, indexFile));
    this.#mark = new SearchMark(this.#database);
  }

  /** `indexFile` must be there. */
  static open(file: string, indexFile: string): SearchIndex {
    return new SearchIndex(file, indexFile);
  }

  close(): void {
    this.#database.close();
  }

  isBehind(): boolean {
    return this.#guarded(() => {
      const newest = this.#mark.newest();
      const mark = this.#mark.get();
      return newest !== null && (newest.id !== mark?.id || newest.sha256 !== mark.sha256);
    });
  }

  reconcile(): void {
    this.#guarded(() => {
      const stale = this.#database.prepare<[], { id: number }>(STALE).all();
      this.#writing(() => {
        for (const { id } of stale) this.#forget(id);
        this.#mark.set(null);
      });
    });
  }

  /** Whether there are messages that had no file when they were entered. */
  hasLost(): boolean {
    return this.#guarded(
      () => this.#database.prepare('SELECT 1 FROM message WHERE progress = 3 LIMIT 1').get() !== undefined,
    );
  }

  /** After the mark if everything before it is known, else wherever one is missing. */
  unreadHeaders(limit: number): UnreadMessage[] {
    return this.#guarded(() => {
      const mark = this.#mark.get();
      const rows =
        mark === null
          ? this.#database
              .prepare<[number], UnreadRow>(
                `${UNREAD} WHERE NOT EXISTS (SELECT 1 FROM message s WHERE s.id = g.id AND s.sha256 = g.sha256) ORDER BY g.id LIMIT ?`,
              )
              .all(limit)
          : this.#database
              .prepare<[number, number], UnreadRow>(`${UNREAD} WHERE g.id > ? ORDER BY g.id LIMIT ?`)
              .all(mark.id, limit);
      // Nothing is missing: from here on the mark tells it at once.
      if (rows.length === 0 && mark === null) this.#mark.set(this.#mark.newest());
      return rows.map(unreadOf);
    });
  }

  enterHeaders(headers: readonly ReadHeader[]): void {
    this.#guarded(() =>
      this.#writing(() => {
        for (const header of headers) {
          const known = this.#hashOf(header.id);
          if (known === header.sha256) continue;
          if (known !== null) this.#forget(header.id);
          this.#insertHeader(header);
        }
        const last = headers.at(-1);
        if (last !== undefined && this.#mark.isWhole(last)) this.#mark.set(last);
      }),
    );
  }

  unreadTexts(after: number, limit: number): UnreadMessage[] {
    return this.#guarded(() =>
      this.#database
        .prepare<[number, number], UnreadRow>(
          `${UNREAD} JOIN message s ON s.id = g.id AND s.sha256 = g.sha256 WHERE s.progress = 0 AND s.id > ? ORDER BY s.id LIMIT ?`,
        )
        .all(after, limit)
        .map(unreadOf),
    );
  }

  enterTexts(texts: readonly TextOutcome[]): void {
    this.#guarded(() =>
      this.#writing(() => {
        for (const { id, sha256, read } of texts) {
          if (this.#hashOf(id) !== sha256) continue;
          if ('broken' in read) this.#markBroken(id, read.broken);
          else this.#insertText(id, read);
        }
      }),
    );
  }

  missingHeaders(): number {
    return this.#guarded(() => {
      const mark = this.#mark.get();
      const missing =
        mark === null
          ? 'NOT EXISTS (SELECT 1 FROM message s WHERE s.id = g.id AND s.sha256 = g.sha256)'
          : 'g.id > @id';
      return this.#database
        .prepare<{ id: number }, { count: number }>(
          `SELECT count(*) AS count FROM archive.message g WHERE ${missing}`,
        )
        .get({ id: mark?.id ?? 0 })!.count;
    });
  }

  unindexed(): Unindexed {
    return this.#guarded(() => {
      const entered = this.#database
        .prepare<[], Unindexed>(
          `SELECT (SELECT count(*) FROM message WHERE progress = 0) AS waiting, (SELECT count(*) FROM message WHERE progress = 2) AS broken`,
        )
        .get()!;
      return { waiting: this.missingHeaders() + entered.waiting, broken: entered.broken };
    });
  }

  /**
   * BEGIN IMMEDIATE would take the write lock of index.db too, which is attached, and a sync would wait for it.
   * A write to search.db as the first statement takes that one's alone, and waits for it as long as is fair.
   */
  #writing(work: () => void): void {
    this.#database.transaction(() => {
      this.#database.prepare('UPDATE main.state SET value = value WHERE 0').run();
      work();
    })();
  }

  #insertHeader({ id, sha256, facts }: ReadHeader): void {
    const known = facts ?? NO_HEADER;
    this.#database
      .prepare(
        `INSERT INTO message (id, sha256, progress, reason, date, sender, recipients, copies, subject, message_id, refs, list_id,
           authentication, attached, protection, attachments)
         VALUES (@id, unhex(@sha256), @progress, NULL, @date, @from, @recipients, @cc, @subject, @messageId, @references, @listId,
           @authentication, 0, NULL, '[]')`,
      )
      .run({
        id,
        sha256,
        progress: facts === null ? 3 : 0,
        date: known.date,
        from: known.from,
        recipients: JSON.stringify(known.recipients),
        cc: known.cc,
        subject: known.subject,
        messageId: known.messageId === null ? null : bareMessageId(known.messageId),
        references: known.references.join(' '),
        listId: known.listId,
        authentication: known.authentication,
      });
    this.#insertWords(id, known, '', '');
  }

  #insertText(id: number, { facts, words, names, packed }: ReadText): void {
    this.#database
      .prepare(
        `UPDATE message SET progress = 1, reason = ?, attached = ?, protection = ?, attachments = ? WHERE id = ?`,
      )
      .run(
        facts.broken?.slice(0, 500) ?? null,
        facts.hasAttachment ? 1 : 0,
        facts.protection,
        JSON.stringify(facts.attachments),
        id,
      );
    this.#database.prepare('DELETE FROM words WHERE rowid = ?').run(id);
    this.#insertWords(id, facts, names, words);
    this.#database.prepare('INSERT OR REPLACE INTO body (id, text) VALUES (?, ?)').run(id, packed);
  }

  #insertWords(id: number, facts: HeaderFacts, names: string, text: string): void {
    this.#database
      .prepare(
        'INSERT INTO words (rowid, subject, sender, recipients, copies, names, text) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        id,
        searchableText([facts.subject]),
        searchableText([facts.from]),
        searchableText([facts.to]),
        searchableText([facts.cc]),
        names,
        text,
      );
  }

  #markBroken(id: number, reason: string): void {
    this.#database
      .prepare('UPDATE message SET progress = 2, reason = ? WHERE id = ?')
      .run(reason.slice(0, 500), id);
  }

  #forget(id: number): void {
    this.#database.prepare('DELETE FROM words WHERE rowid = ?').run(id);
    this.#database.prepare('DELETE FROM body WHERE id = ?').run(id);
    this.#database.prepare('DELETE FROM message WHERE id = ?').run(id);
  }

  #hashOf(id: number): string | null {
    const row = this.#database
      .prepare<[number], { sha256: string }>('SELECT lower(hex(sha256)) AS sha256 FROM message WHERE id = ?')
      .get(id);
    return row?.sha256 ?? null;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asSearchError(error, this.#file);
    }
  }
}

function unreadOf(row: UnreadRow): UnreadMessage {
  const { id, sha256, size, generation } = row;
  const place = generation === null ? null : placeOf({ ...row, generation });
  return { id, sha256, size, place };
}
