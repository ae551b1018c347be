/** What a repair did and could not do, named one by one: the same data for people and JSON. */
import type { ErrorReport } from '../report.js';

export type RepairAction =
  /** Moved to the place where it belongs. */
  | 'moved'
  /** Renamed to the flags that the index has. */
  | 'renamed'
  /** Made anew from another copy of the same content. */
  | 'linked'
  | 'refetched'
  | 'quarantined'
  | 'taken_in'
  /** Date, mode, keywords, a folder, a hard link. */
  | 'tidied';

export interface RepairEntry {
  readonly mailbox: string;
  readonly uid: number | null;
  /** Below the account's folder. */
  readonly file: string;
  readonly reason: string;
}

export interface RepairReport {
  readonly account: string;
  readonly actions: readonly (RepairEntry & { readonly action: RepairAction })[];
  /** Octets that are nowhere any more. */
  readonly lost: readonly RepairEntry[];
  /** Whether a person accepts that. */
  readonly accepted: boolean;
  /** Waits for the server: the next sync or repair fetches it. */
  readonly pending: readonly RepairEntry[];
  /** Not for repair to decide. */
  readonly left: readonly RepairEntry[];
  /** Whether check finds no damage any more. */
  readonly clean: boolean;
  /** Why the server could not be asked, or null. */
  readonly error: ErrorReport | null;
}
