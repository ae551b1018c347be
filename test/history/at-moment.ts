// What the archive says of an account at a moment, read as restore and export read it, and what the server held.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Moment } from '../../src/core/moment.js';
import { ArchiveReader } from '../../src/sqlite/archive-reader.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { bodyOf } from '../support/imap-server/message.js';

/** Mailbox with UIDVALIDITY, then a line for each message. */
export type AccountState = Record<string, string[]>;

export function serverState(mail: MailStore): AccountState {
  const state: AccountState = {};
  for (const [name, mailbox] of mail.mailboxes) {
    state[`${name} ${mailbox.uidValidity}`] = mailbox.uids.map((uid) => {
      const message = mailbox.get(uid)!;
      return line(
        uid,
        digest(bodyOf(message)),
        message.internalDate.seconds,
        [...message.flags].sort().join(' '),
      );
    });
  }
  return state;
}

/** Each file is opened: a place that holds other octets fails. */
export function archiveState(root: string, moment: Moment): AccountState {
  const reader = ArchiveReader.open(join(root, 'index.db'));
  try {
    const at = reader.runAt(moment);
    const state: AccountState = {};
    for (const mailbox of reader.mailboxes({ at })) {
      const lines: string[] = [];
      for (const { uid, sha256, receivedAt, flags, place, size } of reader.placements(mailbox, {
        removed: false,
        at,
      })) {
        const octets = readFileSync(join(root, place.tree, place.folder, 'cur', place.name));
        if (digest(octets) !== sha256 || octets.length !== size)
          throw new Error(`${place.name} holds other octets`);
        lines.push(line(uid, sha256, receivedAt, flags));
      }
      if (mailbox.listed) state[`${mailbox.path} ${mailbox.uidValidity}`] = lines;
      else if (lines.length > 0) state[`${mailbox.path} (gone)`] = lines;
    }
    return state;
  } finally {
    reader.close();
  }
}

function line(uid: number, sha256: string, receivedAt: number, flags: string): string {
  return `${uid} ${sha256} ${receivedAt} ${flags}`;
}

function digest(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
