/**
 * Answers queries from search.db and index.db together: every content once, with the places where it lies.
 * A content is found if one of its places answers the query, as restore and export choose places.
 */
import { inflateRawSync } from 'node:zlib';
import { UsageError } from '../core/errors.js';
import type { AttachmentFacts, Protection } from '../core/message/message-facts.js';
import type { FoundMessage, FoundPlace, KnownContents, SearchRequest } from '../core/ports/search.js';
import type { Tree } from '../core/ports/store.js';
import { type Query, termsOf } from '../core/query/query.js';
import { needsContent } from '../core/query/query-match.js';
import type { Database } from './database.js';
import { placeOf } from './file-place.js';
import { ALIVE, REMOVED } from './past-placements.js';
import { asSearchError } from './search-errors.js';
import { conditionOf, DATE, phraseWords, rankingWords } from './search-query.js';
import { openSearchDatabase } from './search-schema.js';

/** How much a word counts where it stands: subject, from, to, cc, attachment names, text. */
const WEIGHTS = '8.0, 4.0, 2.0, 1.0, 4.0, 1.0';

/** No message's text is longer; what claims to be is damage. */
const MAX_TEXT_OCTETS = 16 * 1024 * 1024;

/**
 * By what a query needs. Long headers are read further by who reads the message itself, so a message whose
 * text broke its reader, or is still to be read, does not count for a query about headers.
 */
const KNOWN = { index: '(1)', headers: '(1)', text: '(1, 2)' };

/** Where the rows of p are: those of now that have a file, or those of then that `placeAt` has gathered. */
type PlacesOf = 'archive.placement' | 'temp.placed';

export class SearchReader {
  readonly #file: string;
  readonly #database: Database;

  private constructor(file: string, indexFile: string) {
    this.#file = file;
    this.#database = this.#guarded(() => openSearchDatabase(file, indexFile));
  }

  static open(file: string, indexFile: string): SearchReader {
    return new SearchReader(file, indexFile);
  }

  close(): void {
    this.#database.close();
  }

  /** `total` counts all that is found; `messages` are the first of them. */
  search(request: SearchRequest): { total: number; messages: FoundMessage[] } {
    const { query, sort, limit, mailboxes, at } = request;
    return this.#guarded(() => {
      const places = at === null ? 'archive.placement' : this.#placeAt(at);
      const paths = new Map(mailboxes.map(({ id, path }) => [id, path]));
      const { sql, parameters } = conditionOf(query, { mailboxes });
      const ranking = sort === 'relevance' ? rankingWords(query) : null;
      const hits = this.#database
        .prepare<(string | number)[], { id: number; date: number; rank: number; total: number }>(
          `WITH found AS (
             SELECT p.message AS id, max(${DATE}) AS date FROM ${places} p
             JOIN message s ON s.id = p.message JOIN archive.message g ON g.id = s.id AND g.sha256 = s.sha256
             WHERE p.tree IS NOT NULL AND (${sql}) GROUP BY p.message)
           ${ranking === null ? '' : `, ranked AS MATERIALIZED (SELECT rowid AS id, bm25(words, ${WEIGHTS}) AS rank FROM words WHERE words MATCH ?)`}
           SELECT f.id, f.date, ${ranking === null ? '0' : 'coalesce(r.rank, 0)'} AS rank, (SELECT count(*) FROM found) AS total
           FROM found f JOIN archive.message m ON m.id = f.id
           ${ranking === null ? '' : 'LEFT JOIN ranked r ON r.id = f.id'}
           ORDER BY rank, f.date DESC, m.sha256 LIMIT ?`,
        )
        .all(...parameters, ...(ranking === null ? [] : [ranking]), limit);
      return {
        total: hits[0]?.total ?? 0,
        messages: hits.map(({ id, date, rank }) => ({ ...this.#message(id, places, paths), date, rank })),
      };
    });
  }

  /** The placements of then whose octets are still here, as conditionOf asks for them. */
  #placeAt(run: number): PlacesOf {
    this.#database.exec('DROP TABLE IF EXISTS temp.placed');
    this.#database
      .prepare(
        `CREATE TEMP TABLE placed AS
         SELECT p.id, p.message, p.mailbox, p.received_at, iif(${ALIVE}, 'mail', 'removed') AS tree,
           coalesce((SELECT x.flag_set FROM past_flags x WHERE x.placement = p.id AND x.first_run <= @run AND x.last_run > @run), p.flag_set) AS flag_set
         FROM archive.placement p WHERE p.message IS NOT NULL AND (${ALIVE} OR ${REMOVED})
           AND EXISTS (SELECT 1 FROM archive.placement b WHERE b.message = p.message AND b.tree IS NOT NULL)`,
      )
      .run({ run });
    this.#database.exec('CREATE INDEX temp.placed_message ON placed (message)');
    return 'temp.placed';
  }

  /** What is known now; later answers don't follow what is indexed meanwhile. Valid until `close`. */
  contents(query: Query): KnownContents {
    return this.#guarded(() => {
      const phrases = termsOf(query).filter((term) => term.kind === 'phrase');
      // One moment for all: between two a message could be in the one answer and not in the other.
      const { known, found } = this.#database.transaction(() => ({
        known: this.#ids(`SELECT id FROM message WHERE progress IN ${KNOWN[needsContent(query)]}`),
        found: new Map(
          phrases.map((term) => [
            term,
            this.#ids('SELECT rowid AS id FROM words WHERE words MATCH ?', phraseWords(term)),
          ]),
        ),
      }))();
      const message = this.#database.prepare<[string], { id: number; date: number | null; attached: number }>(
        `SELECT s.id, s.date, s.attached FROM archive.message g JOIN message s ON s.id = g.id AND s.sha256 = g.sha256
         WHERE g.sha256 = unhex(?)`,
      );
      return {
        of: (sha256) => {
          const row = attempted(() => message.get(sha256));
          if (row === undefined || !known.has(row.id)) return null;
          const { id, date, attached } = row;
          return {
            date,
            hasAttachment: attached === 1,
            holds: (term) => found.get(term)?.has(id) === true,
          };
        },
      };
    });
  }

  #ids(sql: string, ...parameters: string[]): Set<number> {
    const rows = this.#database.prepare<string[], { id: number }>(sql).all(...parameters);
    return new Set(rows.map(({ id }) => id));
  }

  /** Messages whose hash begins with these lower-case hex digits, at most so many. */
  byPrefix(
    digits: string,
    limit: number,
    mailboxes: readonly { readonly id: number; readonly path: string }[],
  ): FoundMessage[] {
    const paths = new Map(mailboxes.map(({ id, path }) => [id, path]));
    if (!/^[0-9a-f]{8,64}$/.test(digits))
      throw new UsageError(`${JSON.stringify(digits)} is no ID of a message`);
    return this.#guarded(() =>
      this.#database
        .prepare<[string, string, number], { id: number }>(
          `SELECT g.id FROM archive.message g JOIN message s ON s.id = g.id AND s.sha256 = g.sha256
           WHERE g.sha256 BETWEEN unhex(?) AND unhex(?)
             AND EXISTS (SELECT 1 FROM archive.placement p WHERE p.message = g.id AND p.tree IS NOT NULL)
           ORDER BY g.sha256 LIMIT ?`,
        )
        .all(digits.padEnd(64, '0'), digits.padEnd(64, 'f'), limit)
        .map(({ id }) => this.#message(id, 'archive.placement', paths)),
    );
  }

  /** The text as it reads; '' where it was not read. */
  textOf(id: number): string {
    return this.#guarded(() => {
      const row = this.#database
        .prepare<[number], { text: Buffer }>('SELECT text FROM body WHERE id = ?')
        .get(id);
      return row === undefined
        ? ''
        : inflateRawSync(row.text, { maxOutputLength: MAX_TEXT_OCTETS }).toString();
    });
  }

  /** Message-IDs and references of all messages, for threads. */
  links(): { sha256: string; messageId: string | null; references: string[] }[] {
    return this.#guarded(() =>
      this.#database
        .prepare<[], { sha256: string; messageId: string | null; refs: string }>(
          `SELECT lower(hex(s.sha256)) AS sha256, s.message_id AS messageId, s.refs FROM message s
           JOIN archive.message g ON g.id = s.id AND g.sha256 = s.sha256 ORDER BY s.id`,
        )
        .all()
        .map(({ refs, ...link }) => ({ ...link, references: refs === '' ? [] : refs.split(' ') })),
    );
  }

  #message(id: number, placesOf: PlacesOf, paths: ReadonlyMap<number, string>): FoundMessage {
    const row = this.#database.prepare<[number], MessageRow>(MESSAGE).get(id)!;
    const places = this.#database
      .prepare<[number], PlaceRow>(placesQuery(placesOf))
      .all(id)
      .map((place): FoundPlace & { date: number } => ({
        path: paths.get(place.mailbox) ?? '',
        flags: place.flags,
        removed: place.removed === 1,
        date: place.date,
        place: placeOf({ ...place, sha256: row.sha256, size: row.size }),
      }));
    const { recipients, attachments, attached, ...plain } = row;
    return {
      ...plain,
      date: Math.max(...places.map(({ date }) => date)),
      to: JSON.parse(recipients) as string[],
      attachments: JSON.parse(attachments) as AttachmentFacts[],
      attached: attached === 1,
      places,
      rank: 0,
    };
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asSearchError(error, this.#file);
    }
  }
}

/** Damage is met by whoever searches; the mail itself tells the same. */
function attempted<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

interface MessageRow {
  id: number;
  sha256: string;
  size: number;
  from: string;
  recipients: string;
  cc: string;
  subject: string;
  messageId: string | null;
  attachments: string;
  attached: number;
  protection: Protection | null;
  listId: string | null;
  authentication: string | null;
  broken: string | null;
}

const MESSAGE = `SELECT g.id, lower(hex(g.sha256)) AS sha256, g.size, s.sender AS "from", s.recipients, s.copies AS cc, s.subject,
    g.message_id AS messageId, s.attachments, s.attached, s.protection, s.list_id AS listId, s.authentication, s.reason AS broken
  FROM archive.message g JOIN message s ON s.id = g.id WHERE g.id = ?`;

interface PlaceRow {
  mailbox: number;
  flags: string;
  removed: number;
  date: number;
  generation: number;
  uid: number;
  receivedAt: number;
  letters: string;
  tree: Tree;
  folder: string;
}

/** What is on the server first; each with a file, its own if it has one: what has moved lies under another name. */
function placesQuery(placesOf: PlacesOf): string {
  return `SELECT p.mailbox, f.flags, p.tree = 'removed' AS removed, ${DATE} AS date,
      a.generation, a.uid, a.received_at AS receivedAt, a.letters, a.tree, m.folder
    FROM ${placesOf} p JOIN message s ON s.id = p.message JOIN archive.flag_set f ON f.id = p.flag_set
    JOIN archive.placement a ON a.id = (
      SELECT b.id FROM archive.placement b WHERE b.message = p.message AND b.tree IS NOT NULL ORDER BY b.id = p.id DESC, b.id LIMIT 1)
    JOIN archive.mailbox m ON m.id = a.mailbox
    JOIN archive.placement o ON o.id = p.id
    WHERE p.message = ? AND p.tree IS NOT NULL ORDER BY p.tree, o.mailbox, o.generation, o.uid`;
}
