/**
 * What the index holds of a mailbox as present in its current generation. A visit that brought little is compared
 * by looking up what it brought; only one that brought much has the rows read, once.
 */

import type { KnownUids } from '../core/ports/source.js';
import { type BasePlacements, PlacementRows } from '../core/sync/base-placements.js';
import type { Database } from './database.js';

/** From so many rows looked up one by one, reading all of them costs less. */
const FEW = 2000;

const HELD = `mailbox = @mailbox AND generation = (SELECT generation FROM mailbox WHERE id = @mailbox)`;

export class PresentPlacements implements BasePlacements {
  readonly uids: KnownUids;
  readonly keptHere: ReadonlySet<number>;
  readonly #database: Database;
  readonly #mailbox: number;
  readonly #flags = new Map<number, string>();
  #size: number | null = null;
  /** UID to flags, null for one that is not there: each is asked for more than once. */
  readonly #lookedUp = new Map<number, string | null>();
  #rows: PlacementRows | null = null;

  constructor(database: Database, mailbox: number, keptHere: ReadonlySet<number>) {
    this.#database = database;
    this.#mailbox = mailbox;
    this.keptHere = keptHere;
    const size = () => this.#count();
    this.uids = {
      get size() {
        return size();
      },
      has: (uid) => this.flagsOf(uid) !== null,
      [Symbol.iterator]: () => this.#all().uids[Symbol.iterator](),
    };
  }

  flagsOf(uid: number): string | null {
    const known = this.#lookedUp.get(uid);
    if (known !== undefined) return known;
    if (this.#rows !== null || this.#lookedUp.size >= FEW) return this.#all().flagsOf(uid);
    const row = this.#database
      .prepare<{ mailbox: number; uid: number }, { flagSet: number }>(
        `SELECT flag_set AS flagSet FROM placement WHERE ${HELD} AND uid = @uid AND gone_run IS NULL`,
      )
      .get({ mailbox: this.#mailbox, uid });
    const flags = row === undefined ? null : this.#flagsText(row.flagSet);
    this.#lookedUp.set(uid, flags);
    return flags;
  }

  /** Both counts come from indexes alone. */
  #count(): number {
    if (this.#rows !== null) return this.#rows.uids.size;
    this.#size ??= this.#database
      .prepare<{ mailbox: number }, { count: number }>(
        `SELECT (SELECT count(*) FROM placement WHERE ${HELD})
              - (SELECT count(*) FROM placement WHERE ${HELD} AND gone_run IS NOT NULL) AS count`,
      )
      .get({ mailbox: this.#mailbox })!.count;
    return this.#size;
  }

  #all(): PlacementRows {
    if (this.#rows !== null) return this.#rows;
    const count = this.#count();
    const uids = new Uint32Array(count);
    const flags: string[] = new Array(count);
    const rows = this.#database
      .prepare<{ mailbox: number }, [number, number]>(
        `SELECT uid, flag_set FROM placement WHERE ${HELD} AND gone_run IS NULL ORDER BY uid`,
      )
      .raw()
      .iterate({ mailbox: this.#mailbox }) as IterableIterator<[number, number]>;
    let at = 0;
    for (const [uid, flagSet] of rows) {
      uids[at] = uid;
      flags[at++] = this.#flagsText(flagSet);
    }
    this.#rows = new PlacementRows(uids, flags);
    return this.#rows;
  }

  /** Few distinct flag sets exist. */
  #flagsText(flagSet: number): string {
    let text = this.#flags.get(flagSet);
    if (text === undefined) {
      text = this.#database
        .prepare<[number], { flags: string }>('SELECT flags FROM flag_set WHERE id = ?')
        .get(flagSet)!.flags;
      this.#flags.set(flagSet, text);
    }
    return text;
  }
}
