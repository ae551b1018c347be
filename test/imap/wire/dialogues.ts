/**
 * Whole conversations with what must come of them, as data: the dialogue tests run each whole, cut in two at
 * every byte, and byte by byte; the fuzz tests mutate them.
 */
import type { Dialogue } from './dialogue.js';
import { MAILBOX_DIALOGUES } from './dialogues-on-mailboxes.js';
import { MESSAGE_DIALOGUES } from './dialogues-on-messages.js';

export const DIALOGUES: readonly Dialogue[] = [...MAILBOX_DIALOGUES, ...MESSAGE_DIALOGUES];
