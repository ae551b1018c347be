/**
 * Names in an export that every file system takes (Linux, macOS, Windows, FAT) and that people can read.
 * Mailboxes keep apart: the folder names of the archive (mailbox-folder.ts) are unique and "%" is encoded in
 * them where it would read as an encoding, so encoding more characters keeps them unique.
 */
import { octets } from '../text/utf8.js';
import type { HeaderFacts } from './message-facts.js';

/** Most file systems end a name at 255 octets or UTF-16 units, some encrypted ones at 143. */
const MAX_NAME_OCTETS = 140;

/** What Windows takes for a device, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/**
 * A mailbox's folder in the archive, "/" between its levels, to one for an export. `suffix` is what the
 * format's own files end with: no mailbox may look like one of them.
 */
export function portableFolder(folder: string, suffix: string): string {
  return folder
    .split('/')
    .map((level) => {
      let name = level.replace(/[<>:"\\|?*]|[. ]$/g, percentEncoded);
      if (DEVICE.test(name)) name = percentEncoded(name[0]!) + name.slice(1);
      if (suffix !== '' && name.toLowerCase().endsWith(suffix))
        name = `${name.slice(0, -suffix.length)}%2E${name.slice(1 - suffix.length)}`;
      return name;
    })
    .join('/');
}

/** Makes names differ; by default in more than upper and lower case or the spelling of accents. */
export class DistinctNames {
  readonly #taken = new Set<string>();
  readonly #key: (name: string) => string;

  constructor(key: (name: string) => string = (name) => name.normalize('NFKC').toLowerCase()) {
    this.#key = key;
  }

  claim(name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name} (${number})`;
      const key = this.#key(candidate);
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return candidate;
    }
  }
}

export interface EmlNameParts {
  /** Seconds since 1970. */
  readonly receivedAt: number;
  readonly facts: Pick<HeaderFacts, 'from' | 'subject'>;
  readonly generation: number;
  readonly uid: number;
  readonly sha256: string;
}

/**
 * `2026-01-05 12.33.22 Ada Bell - The subject 1.17-3f5d4608.eml`: INTERNALDATE in UTC, sender, subject, then
 * the mailbox's generation and UID, which make it unique, and the start of the content's hash, which
 * `mailkeep` takes as an ID.
 */
export function emlName(parts: EmlNameParts): string {
  const id = `${parts.generation}.${parts.uid}-${parts.sha256.slice(0, 8)}.eml`;
  const date = dateText(parts.receivedAt);
  const sender = cut(readable(senderName(parts.facts.from)), 40);
  const room = MAX_NAME_OCTETS - octets(`${date} ${sender} -  ${id}`);
  const subject = cut(readable(parts.facts.subject), room);
  const title = [sender, subject].filter((text) => text !== '').join(' - ');
  return [date, title, id].filter((text) => text !== '').join(' ');
}

function dateText(receivedAt: number): string {
  const date = new Date(receivedAt * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0) return '';
  return date.toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
}

/** The first sender's name, else address. */
function senderName(from: string): string {
  const match = /^"?([^"<]*?)"?\s*<([^>]*)>/.exec(from);
  return match === null ? from : match[1] || match[2]!;
}

/** One line without what a file system, a shell or a terminal could stumble over. */
function readable(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[<>:"/\\|?*%]/g, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. -]+|[. ]+$/g, '');
}

/** At most so many octets of UTF-8, between characters as people see them. */
function cut(text: string, room: number): string {
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += octets(segment);
    if (used > room) break;
    kept += segment;
  }
  return kept.replace(/[. ]+$/, '');
}

function percentEncoded(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
