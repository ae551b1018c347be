/**
 * Labels of placements (X-GM-LABELS), with the runs in which they held. They are told by one kind of server
 * only, so they have tables of their own and cost the others nothing.
 */

import type { UidsByLabels } from '../core/journal.js';
import type { LabelledPlacement } from '../core/ports/placements.js';
import { uidRanges } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { JournalRows } from './journal-rows.js';
import { State } from './state.js';

/** Run up to which labels were asked for again where a message came to or left another mailbox. */
const SEEN = 'labels_seen';

export class LabelRows {
  readonly #database: Database;
  readonly #state: State;
  readonly #journal: JournalRows;
  readonly #sets = new Map<string, number>();

  constructor(database: Database) {
    this.#database = database;
    this.#state = new State(database);
    this.#journal = new JournalRows(database);
  }

  /** Of those of these UIDs whose labels are known, in the mailbox's current generation. */
  of(mailbox: number, uids: Iterable<number>): Map<number, string> {
    const select = this.#database
      .prepare<[number, number], string>(
        `SELECT s.labels FROM placement p JOIN mailbox m ON m.id = p.mailbox JOIN placement_labels l ON l.placement = p.id
           JOIN label_set s ON s.id = l.label_set
         WHERE p.mailbox = ? AND p.uid = ? AND p.generation = m.generation AND l.last_run IS NULL`,
      )
      .pluck();
    const found = new Map<number, string>();
    for (const uid of uids) {
      const labels = select.get(mailbox, uid);
      if (labels !== undefined) found.set(uid, labels);
    }
    return found;
  }

  /** Called inside a transaction, after `intern`. Placements that are not there are passed over. */
  set(run: number, mailbox: number, labels: Iterable<readonly [uid: number, labels: string]>): void {
    const placement = this.#database
      .prepare<[number, number], number>(
        `SELECT p.id FROM placement p JOIN mailbox m ON m.id = p.mailbox
         WHERE p.mailbox = ? AND p.uid = ? AND p.generation = m.generation`,
      )
      .pluck();
    const end = this.#database.prepare(
      'UPDATE placement_labels SET last_run = @run WHERE placement = @id AND last_run IS NULL AND label_set <> @set',
    );
    const begin = this.#database.prepare(
      `INSERT INTO placement_labels (placement, label_set, first_run) SELECT @id, @set, @run
       WHERE NOT EXISTS (SELECT 1 FROM placement_labels WHERE placement = @id AND last_run IS NULL)
       ON CONFLICT (placement, first_run) DO UPDATE SET label_set = excluded.label_set, last_run = NULL`,
    );
    for (const [uid, text] of labels) {
      const id = placement.get(mailbox, uid);
      if (id === undefined) continue;
      const row = { run, id, set: this.#sets.get(text) };
      end.run(row);
      begin.run(row);
    }
  }

  /** Committed before the transaction that uses them, so that a roll-back can't leave an id that is nowhere. */
  intern(labels: Iterable<string | null>): void {
    const unknown = new Set<string>();
    for (const text of labels) if (text !== null && !this.#sets.has(text)) unknown.add(text);
    if (unknown.size === 0) return;
    const insert = this.#database.prepare('INSERT INTO label_set (labels) VALUES (?) ON CONFLICT DO NOTHING');
    const select = this.#database
      .prepare<[string], number>('SELECT id FROM label_set WHERE labels = ?')
      .pluck();
    this.#database.transaction(() => {
      for (const text of unknown) insert.run(text);
    })();
    for (const text of unknown) this.#sets.set(text, select.get(text)!);
  }

  /** null where no server of this account has ever told labels. */
  stale(): LabelledPlacement[] | null {
    const told = this.#database.prepare('SELECT 1 FROM placement_labels LIMIT 1').get();
    if (told === undefined) return null;
    const since = Number(this.#state.get(SEEN) ?? '0');
    return this.#database
      .prepare<{ since: number }, LabelledPlacement>(
        `SELECT DISTINCT p.mailbox, p.uid FROM placement q JOIN placement p ON p.email_id = q.email_id AND p.mailbox <> q.mailbox
           JOIN mailbox m ON m.id = p.mailbox
         WHERE (q.first_run > @since OR q.gone_run > @since)
           AND max(q.first_run, coalesce(q.gone_run, 0)) > p.first_run
           AND p.gone_run IS NULL AND p.generation = m.generation AND m.last_run IS NULL
           AND EXISTS (SELECT 1 FROM placement_labels l WHERE l.placement = p.id)
         ORDER BY p.mailbox, p.uid`,
      )
      .all({ since });
  }

  noteSeen(run: number): void {
    this.#state.set(SEEN, String(run));
  }

  record(run: number, mailbox: number, labels: ReadonlyMap<number, string>): void {
    this.intern(labels.values());
    this.#database.transaction(() => {
      this.set(run, mailbox, labels);
      const names = this.#database
        .prepare<[number], { path: string; generation: number; uid_validity: string }>(
          'SELECT path, generation, uid_validity FROM mailbox WHERE id = ?',
        )
        .get(mailbox)!;
      this.#journal.add({ do: 'see', mailbox, ...names, labels: byLabels(labels) ?? {} });
    })();
  }
}

/** UIDs in ranges by their labels; null where there are none. */
export function byLabels(labels: Iterable<readonly [uid: number, labels: string]>): UidsByLabels | null {
  const groups = new Map<string, number[]>();
  for (const [uid, text] of labels) {
    const group = groups.get(text);
    if (group === undefined) groups.set(text, [uid]);
    else group.push(uid);
  }
  if (groups.size === 0) return null;
  return Object.fromEntries(
    [...groups].map(([text, uids]) => [text, uidRanges(uids.sort((one, other) => one - other))]),
  );
}
