// The rows in the order of the table.

import type { Row } from './row.js';
import { newFlags, newMail, nothingToDoMany, statusOfMany } from './rows/changes.js';
import { checkReadData } from './rows/check.js';
import { firstBackup, firstBackupSmall, firstBackupTls } from './rows/first-backup.js';
import { firstPop3 } from './rows/first-pop3.js';
import { growthNew, growthNothing, growthStatus, listMillion } from './rows/growth.js';
import { largeMessage } from './rows/large-message.js';
import { firstFarAway, nothingToDo, nothingToDoFew } from './rows/many-mailboxes.js';
import { restoreAll } from './rows/restore.js';
import { scanFlags } from './rows/scanner.js';
import { indexText, searchText } from './rows/search.js';
import { startUp } from './rows/start-up.js';

export const ROWS: readonly Row[] = [
  firstBackup,
  firstBackupSmall,
  firstBackupTls,
  firstPop3,
  firstFarAway,
  nothingToDo,
  nothingToDoFew,
  nothingToDoMany,
  ...newMail,
  ...newFlags,
  restoreAll,
  checkReadData,
  indexText,
  searchText,
  largeMessage,
  scanFlags,
  startUp,
  statusOfMany,
  listMillion,
  growthNothing,
  growthNew,
  growthStatus,
];
