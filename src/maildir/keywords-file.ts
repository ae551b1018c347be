/**
 * `dovecot-keywords`: one line a keyword, "<position> <name>", position 0 being letter "a". Written whole
 * and durable before any file name uses a new letter.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MAX_KEYWORD_LETTERS } from '../core/mailbox/maildir-name.js';
import { errorCode, FILE_MODE, syncPath } from './durable.js';

const FILE = 'dovecot-keywords';

export function writeKeywords(folder: string, keywords: readonly string[]): void {
  const text = keywords
    .slice(0, MAX_KEYWORD_LETTERS)
    .map((keyword, position) => `${position} ${keyword}\n`)
    .join('');
  const temporary = join(folder, 'tmp', FILE);
  const descriptor = openSync(temporary, 'w', FILE_MODE);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, join(folder, FILE));
  syncPath(folder);
}

/** The keywords by position; holes are empty strings. Lines that make no sense are left out. */
export function readKeywords(folder: string): string[] {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const keywords: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d{1,2}) ([^\s]+)$/.exec(line);
    if (match !== null && Number(match[1]) < MAX_KEYWORD_LETTERS) keywords[Number(match[1])] = match[2]!;
  }
  return Array.from(keywords, (keyword) => keyword ?? '');
}
