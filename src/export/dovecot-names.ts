/**
 * What a mailbox is called in a tree that Dovecot serves with LAYOUT=fs: its own name wherever that works, so
 * that clients find it again. Where it doesn't, the name of its folder in the archive.
 */
import { createHash } from 'node:crypto';
import type { IndexedMailbox } from '../core/ports/placements.js';

/** Room for what Dovecot appends below NAME_MAX = 255. */
const MAX_NAME_OCTETS = 230;

export interface DovecotFolder {
  /** "/" between levels; `INBOX` for the tree itself. */
  readonly name: string;
  /** Whether it is the mailbox's own name. */
  readonly own: boolean;
}

export function dovecotFolder(
  mailbox: Pick<IndexedMailbox, 'path' | 'components' | 'folder'>,
  encodeName: (text: string) => string,
): DovecotFolder {
  const { components } = mailbox;
  if (components.length === 1 && components[0]!.toUpperCase() === 'INBOX')
    return { name: 'INBOX', own: true };
  const levels = mailbox.folder.split('/');
  const aligned = components.length === levels.length;
  const names = levels.map((level, at) => {
    const text = aligned && isServed(components[at]!) ? components[at]! : servedLevel(level);
    const encoded = encodeName(text);
    return encoded.length <= MAX_NAME_OCTETS ? encoded : `long-${digest(text)}`;
  });
  const own = aligned && components.every((component, at) => encodeName(component) === names[at]);
  return { name: names.join('/'), own };
}

/** The archive's folder has no character that Dovecot refuses, but may have a name that it keeps for itself. */
function servedLevel(level: string): string {
  if (isServed(level)) return level;
  return `%${level.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}${level.slice(1)}`;
}

/** Not what Dovecot refuses or keeps for itself. */
function isServed(text: string): boolean {
  return (
    text.isWellFormed() &&
    text !== '' &&
    !/^[.~]|[/\u0000-\u001f\u007f-\u009f]/.test(text) &&
    !/^(cur|new|tmp|subscriptions|maildirfolder|long-.*|dovecot.*)$/i.test(text)
  );
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
