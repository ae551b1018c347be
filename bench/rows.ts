// The rows in the order of the table.

import type { Row } from './row.js';
import { firstBackup, firstBackupSmall, firstBackupTls } from './rows/first-backup.js';
import { firstFarAway, nothingToDo, nothingToDoFew } from './rows/many-mailboxes.js';

export const ROWS: readonly Row[] = [
  firstBackup,
  firstBackupSmall,
  firstBackupTls,
  firstFarAway,
  nothingToDo,
  nothingToDoFew,
];
