/**
 * The text of a `dovecot-keywords` file: one line a keyword, "<position> <name>", position 0 being letter "a" of
 * the names in that Maildir.
 */
import { MAX_KEYWORD_LETTERS } from './maildir-name.js';

export function keywordListText(keywords: readonly string[]): string {
  return keywords
    .slice(0, MAX_KEYWORD_LETTERS)
    .map((keyword, position) => `${position} ${keyword}\n`)
    .join('');
}

/** The keywords by position; holes are empty strings. Lines that make no sense are left out. */
export function parseKeywordList(text: string): string[] {
  const keywords: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^(\d{1,2}) ([^\s]+)$/.exec(line);
    if (match !== null && Number(match[1]) < MAX_KEYWORD_LETTERS) keywords[Number(match[1])] = match[2]!;
  }
  return Array.from(keywords, (keyword) => keyword ?? '');
}
