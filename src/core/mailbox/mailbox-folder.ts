/**
 * Mailbox path -> folder below mail/. Injective: two mailboxes never share a folder, and no name can
 * climb out of it. Text stays UTF-8; what a file system can't carry is percent-encoded, and so is a "%"
 * that would read as an encoding.
 */
import { cutTo, octets, utf8 } from '../text/utf8.js';
import type { MailboxPath, PathComponent } from './mailbox-path.js';

/** Room for what Maildir programs append (`.lock`, temporary names) below NAME_MAX = 255. */
const MAX_COMPONENT_OCTETS = 200;
/** Room for data_dir, account, cur and the message's name below PATH_MAX = 4096. */
const MAX_FOLDER_OCTETS = 2000;

/** Names that Maildir gives a meaning of its own. */
const RESERVED = new Set(['cur', 'new', 'tmp', 'dovecot-keywords', 'dovecot-uidlist']);

/** Relative folder with "/" as separator. `digest` is a collision-resistant hash in lower-case hex. */
export function mailboxFolder(path: MailboxPath, digest: (text: string) => string): string {
  const components = path.components.map((component) => folderComponent(component, digest));
  const folder = components.join('/');
  if (octets(folder) <= MAX_FOLDER_OCTETS) return folder;
  return `%long%${digest(folder).slice(0, 32)}`;
}

function folderComponent(component: PathComponent, digest: (text: string) => string): string {
  let text = component.text.toWellFormed().replace(/%(?=[0-9A-Fa-f]{2}|long%)|^%$/g, '%25');
  // Raw octets that are no text: in lower case, so that no character encoded below can look the same.
  if (!component.exact)
    text = text.replace(/[&\u0080-\u00ff]/g, (octet) => `%${hex(octet.charCodeAt(0)).toLowerCase()}`);
  text = text.replace(/[/\u0000-\u001f\u007f-\u009f]/gu, percentEncode);
  if (text === '') return '%';
  if (text.startsWith('.') || RESERVED.has(text)) text = percentEncode(text[0]!) + text.slice(1);
  if (octets(text) <= MAX_COMPONENT_OCTETS) return text;
  return `${cutTo(text, MAX_COMPONENT_OCTETS - 40)}%long%${digest(text).slice(0, 32)}`;
}

function percentEncode(character: string): string {
  return [...utf8(character)].map((octet) => `%${hex(octet)}`).join('');
}

function hex(octet: number): string {
  return octet.toString(16).toUpperCase().padStart(2, '0');
}
