/**
 * Gmail's mailboxes are labels on one copy of a message (X-GM-EXT-1). The label of a mailbox is its raw name,
 * except for the system's own, which have a name with a backslash.
 */
import type { TargetMailbox } from '../core/ports/restore.js';
import { encodeMailboxName } from './wire/mailbox-name.js';

/** Null for All Mail, which is no label, and for Spam and Trash, where a message is nowhere else. */
export function labelOf({
  wireName,
  specialUse,
}: Pick<TargetMailbox, 'wireName' | 'specialUse'>): string | null {
  if (wireName.toUpperCase() === 'INBOX') return '\\Inbox';
  if (specialUse === null) return wireName;
  return SYSTEM_LABELS.get(specialUse.toLowerCase()) ?? null;
}

/** Null for a system label that would move the message (Trash, Spam) or that nobody knows. */
export function labelNamed(name: string, utf8: boolean): string | null {
  if (name.startsWith('\\')) return SETTABLE.has(name.toLowerCase()) ? name : null;
  return encodeMailboxName(name, utf8);
}

const SYSTEM_LABELS = new Map([
  ['\\sent', '\\Sent'],
  ['\\drafts', '\\Draft'],
  ['\\flagged', '\\Starred'],
  ['\\important', '\\Important'],
]);
const SETTABLE = new Set(['\\inbox', ...[...SYSTEM_LABELS.values()].map((label) => label.toLowerCase())]);
