/** Where the file of a placement lies, as its row tells. */
import { type MaildirName, maildirFileName } from '../core/mailbox/maildir-name.js';
import type { FilePlace, Tree } from '../core/ports/store.js';

export interface PlacedRow extends MaildirName {
  readonly letters: string;
  readonly tree: Tree;
  readonly folder: string;
}

export function placeOf(row: PlacedRow): FilePlace {
  return { tree: row.tree, folder: row.folder, name: maildirFileName(row, row.letters) };
}
