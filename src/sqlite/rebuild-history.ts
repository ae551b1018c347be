/**
 * The journal told again, into an empty index: the rows it leaves are those that the runs left, as far as
 * anybody can ask for them. Files are attached afterwards.
 */
import type { JournalChange, JournalLine, UidsByFlags, UidsByLabels } from '../core/journal.js';
import { uidsOf } from '../core/sync/uid-ranges.js';
import type { Database } from './database.js';
import { flagSetOf } from './flag-set.js';
import { addImported, noteImportMailbox } from './imported.js';
import { KeptRows, NOT_KEPT_HERE } from './kept-rows.js';
import { LabelRows } from './label-rows.js';
import { keepMailbox } from './past-mailboxes.js';
import { awaitContent, prune } from './rebuild-files.js';
import { listMailbox, renameMailbox } from './rebuild-mailboxes.js';
import { RunRows } from './run-rows.js';
import { State } from './state.js';

export class RebuildHistory {
  readonly #database: Database;
  readonly #runs: RunRows;
  readonly #state: State;
  /** Of the last run told. */
  #run = 0;
  /** Of the line that is told; ms since 1970. */
  #startedAt = 0;

  /** Called inside a transaction, like everything here. */
  constructor(database: Database) {
    this.#database = database;
    this.#runs = new RunRows(database);
    this.#state = new State(database);
    // Where the octets of a placement lie that moved on.
    database.exec(
      `CREATE TEMP TABLE moved (mailbox INTEGER, generation INTEGER, uid INTEGER, to_mailbox INTEGER, to_generation INTEGER, to_uid INTEGER,
         PRIMARY KEY (mailbox, generation, uid)) WITHOUT ROWID`,
    );
  }

  get run(): number {
    return this.#run;
  }

  /** Returns how many changes made no sense; they are passed over, whole. */
  apply(line: JournalLine): number {
    this.#startedAt = Date.parse(line.started_at) || 0;
    if (line.run !== null) this.#run = Math.max(this.#run, line.run);
    let senseless = 0;
    for (const change of line.changes) {
      this.#database.exec('SAVEPOINT change');
      try {
        this.#tell(change);
      } catch {
        this.#database.exec('ROLLBACK TO change');
        senseless += 1;
      }
      this.#database.exec('RELEASE change');
    }
    this.#runs.recordTold(line);
    return senseless;
  }

  #tell(change: JournalChange): void {
    switch (change.do) {
      case 'list':
        listMailbox(this.#database, change, this.#run);
        break;
      case 'rename':
        renameMailbox(this.#database, change, this.#run);
        break;
      case 'unlist':
        this.#unlist(change.mailbox);
        break;
      case 'see':
        this.#see(change);
        break;
      case 'retire':
        this.#retire(change);
        break;
      case 'move':
        this.#move(change);
        break;
      case 'keep':
        this.#keep(change);
        break;
      case 'prune':
        prune(this.#database, change, this.#startedAt);
        break;
      case 'await':
        awaitContent(this.#database, change);
        break;
      case 'import':
        this.#import(change);
        break;
      case 'accept':
        this.#state.set('hold', null);
        this.#state.set('accepted', 'yes');
    }
  }

  #unlist(mailbox: number): void {
    this.#leaveAll(mailbox);
    keepMailbox(this.#database, mailbox, this.#run);
    this.#database
      .prepare('UPDATE mailbox SET last_run = ?, generation = generation + 1 WHERE id = ?')
      .run(this.#run, mailbox);
  }

  #see(change: Extract<JournalChange, { do: 'see' }>): void {
    const { mailbox, generation, uid_validity } = change;
    const row = this.#database
      .prepare<[number], { generation: number; uidValidity: string | null }>(
        'SELECT generation, uid_validity AS uidValidity FROM mailbox WHERE id = ?',
      )
      .get(mailbox);
    if (row === undefined) throw new RangeError('no such mailbox');
    if (generation !== row.generation) this.#leaveAll(mailbox);
    if (generation !== row.generation || uid_validity !== row.uidValidity)
      keepMailbox(this.#database, mailbox, this.#run);
    this.#database
      .prepare('UPDATE mailbox SET generation = ?, uid_validity = ? WHERE id = ?')
      .run(generation, uid_validity, mailbox);
    this.#appear(mailbox, generation, change);
    this.#reflag(mailbox, generation, change.flags ?? {});
    this.#relabel(mailbox, change.labels ?? {});
    const leave = this.#database.prepare(
      'UPDATE placement SET gone_run = ? WHERE mailbox = ? AND generation = ? AND uid = ? AND gone_run IS NULL',
    );
    for (const uid of uidsOf(change.left ?? '')) leave.run(this.#run, mailbox, generation, uid);
  }

  #appear(
    mailbox: number,
    generation: number,
    { appeared = {}, dates }: { readonly appeared?: UidsByFlags; readonly dates?: 'derived' },
  ): void {
    const keepLife = this.#database.prepare(
      `INSERT INTO past_life (placement, first_run, last_run) SELECT id, first_run, last_run FROM placement
       WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid AND first_run < last_run`,
    );
    const insert = this.#database.prepare(
      `INSERT INTO placement (mailbox, generation, flags_run, first_run, uid, flag_set, received_at, received_derived, server_size, letters, settled, adopted, attempts, next_attempt_at)
       VALUES (@mailbox, @generation, @run, @run, @uid, @flagSet, 0, @derived, 0, '', 0, 0, 0, 0)
       ON CONFLICT (mailbox, generation, uid) DO UPDATE SET gone_run = NULL, last_run = NULL,
         first_run = iif(last_run IS NULL, first_run, excluded.first_run), flag_set = excluded.flag_set, flags_run = excluded.flags_run`,
    );
    for (const [flags, uids] of Object.entries(appeared)) {
      const flagSet = flagSetOf(this.#database, flags);
      for (const uid of uidsOf(uids)) {
        const row = { mailbox, generation, uid, run: this.#run, flagSet };
        this.#keepFlags(row);
        keepLife.run(row);
        insert.run({ ...row, derived: dates === 'derived' ? 1 : 0 });
      }
    }
  }

  #reflag(mailbox: number, generation: number, reflagged: UidsByFlags): void {
    const update = this.#database.prepare(
      'UPDATE placement SET flag_set = @flagSet, flags_run = @run WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid',
    );
    for (const [flags, uids] of Object.entries(reflagged)) {
      const flagSet = flagSetOf(this.#database, flags);
      for (const uid of uidsOf(uids)) {
        const row = { mailbox, generation, uid, run: this.#run, flagSet };
        this.#keepFlags(row);
        update.run(row);
      }
    }
  }

  #relabel(mailbox: number, relabelled: UidsByLabels): void {
    // Made anew each time: a change that is taken back takes the ids of its sets with it.
    const rows = new LabelRows(this.#database);
    rows.intern(Object.keys(relabelled));
    for (const [labels, uids] of Object.entries(relabelled))
      rows.set(
        this.#run,
        mailbox,
        [...uidsOf(uids)].map((uid) => [uid, labels] as const),
      );
  }

  #keepFlags(row: { mailbox: number; generation: number; uid: number; run: number }): void {
    this.#database
      .prepare(
        `INSERT INTO past_flags (placement, flag_set, first_run, last_run) SELECT id, flag_set, flags_run, @run FROM placement
         WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid AND flags_run < @run`,
      )
      .run(row);
  }

  #retire(change: { mailbox: number; generation: number; uids: string }): void {
    const update = this.#database.prepare(
      `UPDATE placement SET last_run = @run, gone_run = coalesce(gone_run, @run), settled = 1
       WHERE mailbox = @mailbox AND generation = @generation AND uid = @uid`,
    );
    const { mailbox, generation } = change;
    for (const uid of uidsOf(change.uids)) update.run({ mailbox, generation, uid, run: this.#run });
  }

  #move(change: Extract<JournalChange, { do: 'move' }>): void {
    this.#retire(change);
    const insert = this.#database.prepare(
      'INSERT OR REPLACE INTO temp.moved (mailbox, generation, uid, to_mailbox, to_generation, to_uid) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const targets = [...uidsOf(change.to.uids)];
    let at = 0;
    for (const uid of uidsOf(change.uids))
      insert.run(
        change.mailbox,
        change.generation,
        uid,
        change.to.mailbox,
        change.to.generation,
        targets[at++] ?? 0,
      );
  }

  #import(change: Extract<JournalChange, { do: 'import' }>): void {
    const { run, generation } = change;
    noteImportMailbox(this.#database, change);
    const into = { run, mailbox: change.mailbox, generation };
    for (const [flags, uids] of Object.entries(change.messages))
      for (const uid of uidsOf(uids))
        addImported(this.#database, { ...into, uid, flagSet: flagSetOf(this.#database, flags) });
    this.#run = Math.max(this.#run, run);
    if (Number(this.#state.get('next_run') ?? '1') <= run) this.#state.set('next_run', String(run + 1));
  }

  #keep(change: { mailbox: number; generation: number; uids: string }): void {
    new KeptRows(this.#database).keep(this.#run, change.mailbox, change.generation, uidsOf(change.uids));
  }

  #leaveAll(mailbox: number): void {
    this.#database
      .prepare(
        `UPDATE placement SET gone_run = ? WHERE mailbox = ? AND gone_run IS NULL AND ${NOT_KEPT_HERE}`,
      )
      .run(this.#run, mailbox);
  }
}
