/**
 * The name of a message file: `<INTERNALDATE>.G<generation>U<uid>.<sha256>,S=<octets>:2,<letters>`.
 * Everything before ":2," never changes and is unique in its folder, so that a file can be tied to its
 * placement, and its octets proved, with nothing but the name.
 */
import { flagList, isKeyword } from './flags.js';

export interface MaildirName {
  /** Seconds since 1970 UTC; may be negative. */
  readonly receivedAt: number;
  readonly generation: number;
  readonly uid: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  readonly size: number;
}

const NAME = /^(-?\d{1,15})\.G(\d{1,10})U(\d{1,10})\.([0-9a-f]{64}),S=(\d{1,15})(?::2,([A-Za-z]*))?$/;

/** Joined: hundreds of thousands are held at once, and a template would leave each in its pieces until it is read. */
export function maildirFileName(name: MaildirName, letters: string): string {
  const { receivedAt, generation, uid, sha256, size } = name;
  return [receivedAt, '.G', generation, 'U', uid, '.', sha256, ',S=', size, ':2,', letters].join('');
}

/** null for a file that mailkeep didn't name. */
export function parseMaildirFileName(fileName: string): (MaildirName & { letters: string }) | null {
  const match = NAME.exec(fileName);
  if (match === null) return null;
  return {
    receivedAt: Number(match[1]),
    generation: Number(match[2]),
    uid: Number(match[3]),
    sha256: match[4]!,
    size: Number(match[5]),
    letters: match[6] ?? '',
  };
}

/** The part of any Maildir file name that flags don't change. */
export function uniquePart(fileName: string): string {
  const at = fileName.lastIndexOf(':2,');
  return at === -1 ? fileName : fileName.slice(0, at);
}

const SYSTEM_LETTERS = new Map([
  ['\\Draft', 'D'],
  ['\\Flagged', 'F'],
  ['\\Answered', 'R'],
  ['\\Seen', 'S'],
  ['\\Deleted', 'T'],
]);
/** Maildir's own letter "passed" is the keyword $Forwarded (RFC 5788). */
const FORWARDED = '$forwarded';

/** Maildir has letters for 26 keywords a folder; further ones live in the index and journal only. */
export const MAX_KEYWORD_LETTERS = 26;

/**
 * The letters of canonical flags, sorted by ASCII as Maildir asks. `keywords` is the folder's list:
 * position 0 is letter "a". Keywords that aren't in it have no letter.
 */
export function maildirLetters(canonical: string, keywords: readonly string[]): string {
  if (canonical === '') return '';
  if (canonical === '\\Seen') return 'S';
  const letters: string[] = [];
  for (const flag of flagList(canonical)) {
    const system = SYSTEM_LETTERS.get(flag);
    if (system !== undefined) letters.push(system);
    else if (flag.toLowerCase() === FORWARDED) letters.push('P');
    else if (isKeyword(flag)) {
      const position = keywords.findIndex((keyword) => keyword.toLowerCase() === flag.toLowerCase());
      if (position >= 0 && position < MAX_KEYWORD_LETTERS) letters.push(String.fromCharCode(97 + position));
    }
  }
  return letters.sort().join('');
}

/** Keywords of these flags that need a letter and are not in the folder's list yet. */
export function newKeywords(canonical: string, keywords: readonly string[]): string[] {
  if (canonical === '') return [];
  const known = new Set(keywords.map((keyword) => keyword.toLowerCase()));
  return flagList(canonical).filter(
    (flag) => isKeyword(flag) && flag.toLowerCase() !== FORWARDED && !known.has(flag.toLowerCase()),
  );
}

/** The flags that letters stand for, given the folder's keywords: what a rebuilt index knows of flags. */
export function flagsOfLetters(letters: string, keywords: readonly string[]): string[] {
  const flags: string[] = [];
  for (const letter of letters) {
    const system = [...SYSTEM_LETTERS].find(([, known]) => known === letter);
    if (system !== undefined) flags.push(system[0]);
    else if (letter === 'P') flags.push('$Forwarded');
    else {
      const keyword = keywords[letter.charCodeAt(0) - 97];
      if (keyword !== undefined) flags.push(keyword);
    }
  }
  return flags;
}
