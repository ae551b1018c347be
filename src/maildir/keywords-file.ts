/** `dovecot-keywords`: written whole and durable before any file name uses a new letter. */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { keywordListText, parseKeywordList } from '../core/mailbox/keyword-list.js';
import { errorCode, FILE_MODE, syncPath } from './durable.js';

const FILE = 'dovecot-keywords';

export function writeKeywords(folder: string, keywords: readonly string[]): void {
  const temporary = join(folder, 'tmp', FILE);
  const descriptor = openSync(temporary, 'w', FILE_MODE);
  try {
    writeSync(descriptor, keywordListText(keywords));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, join(folder, FILE));
  syncPath(folder);
}

/** The keywords by position; holes are empty strings. None where there is no such file. */
export function readKeywords(folder: string): string[] {
  try {
    return parseKeywordList(readFileSync(join(folder, FILE), 'utf8'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
