/**
 * What check can find, as plain data: each finding has a kind, and the kind says under which head it is
 * reported, whether it is damage, and (to repair) what to do about it.
 */
import type { FolderEntry, FoundPlace, KnownFile } from '../ports/proof.js';

/** Kind to the head it is reported under. */
const HEADS = {
  /** No file with this name lies anywhere in the archive. */
  missing: 'missing',
  /** The file lies in another folder. */
  misplaced: 'missing',
  /** The folder of a mailbox is not there. */
  lost_folder: 'missing',
  /** Set aside or gone earlier, and its octets are not back. */
  awaited: 'missing',
  /** The same, and a person has accepted the loss. */
  accepted: 'lost',
  size: 'corrupt',
  octets: 'corrupt',
  flags: 'corrupt',
  keywords: 'corrupt',
  /** Named by mailkeep, and no row knows it. */
  unknown: 'unindexed',
  /** A second file of a message whose own file is there. */
  duplicate: 'unindexed',
  /** A run was cut short between the file and its row. */
  unrecorded: 'unindexed',
  /** Not named by mailkeep: any Maildir program shows it as a message of the mailbox. */
  foreign: 'unindexed',
  /** Not named by mailkeep, and no message to a Maildir program: its name begins with a dot. */
  hidden: 'unindexed',
  database: 'index',
  log: 'index',
  /** A run was cut short; the next one finishes it. */
  unfinished: 'untidy',
  link: 'untidy',
  date: 'untidy',
  mode: 'untidy',
} as const;

export type FindingKind = keyof typeof HEADS;
export type FindingHead = (typeof HEADS)[FindingKind];

/** Kinds under which nothing that the archive promises is broken. */
const HARMLESS: ReadonlySet<FindingKind> = new Set([
  'accepted',
  'unrecorded',
  'hidden',
  'log',
  'unfinished',
  'link',
  'date',
  'mode',
]);

export interface Finding {
  readonly kind: FindingKind;
  readonly mailbox: string;
  /** Below the account's folder, with "/" as separator. */
  readonly file: string;
  readonly uid: number | null;
  readonly reason: string;
  /** The row, where there is one. */
  readonly known?: KnownFile | undefined;
  /** Of a file that should share its inode: the placement of the file that has it. */
  readonly twin?: number | undefined;
  /** The file, where there is one. */
  readonly found?: { readonly place: FoundPlace; readonly entry: FolderEntry } | undefined;
}

export function headOf(finding: Finding): FindingHead {
  return HEADS[finding.kind];
}

export function isDamage(finding: Finding): boolean {
  return !HARMLESS.has(finding.kind);
}

export function pathOf(place: Omit<FoundPlace, 'part'> & { readonly part?: FoundPlace['part'] }): string {
  return `${place.tree}/${place.folder}/${place.part ?? 'cur'}/${place.name}`;
}
