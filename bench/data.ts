// Mail for the server: seeded, so that every run and every machine works on the same octets. It is written past IMAP
// and then read once through IMAP by nobody in particular, so that no contestant pays for the server's caches.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Dovecot } from '../test/support/dovecot.js';
import { makeMessages } from '../test/support/messages.js';
import type { Setting } from './setting.js';

const run = promisify(execFile);

export interface DataSet {
  readonly user: string;
  readonly mailboxes: number;
  readonly messagesEach: number;
  /** Median size of a message in octets; the mean is about twice that. */
  readonly medianBytes: number;
}

export interface Mail {
  readonly user: string;
  readonly messages: number;
  readonly octets: number;
}

/** 20,000 messages, 350 MB. */
export function twenty(setting: Setting): Promise<Mail> {
  return made(setting, {
    user: 'twenty',
    mailboxes: 8,
    messagesEach: setting.scaled(2500),
    medianBytes: 8000,
  });
}

/** 100,000 messages, 460 MB. The rows that add to them come last. */
export function hundred(setting: Setting): Promise<Mail> {
  const messagesEach = setting.scaled(12_500);
  return made(setting, { user: 'hundred', mailboxes: 8, messagesEach, medianBytes: 1500 });
}

/** On the server, once for all rows that name the same user. */
export function made(setting: Setting, data: DataSet): Promise<Mail> {
  return setting.shared(`mail of ${data.user}`, async () => fill(await setting.server(), data));
}

/** INBOX and numbered mailboxes after it. */
export function mailboxName(number: number): string {
  return number === 0 ? 'INBOX' : `Box${String(number).padStart(3, '0')}`;
}

async function fill(server: Dovecot, { user, mailboxes, messagesEach, medianBytes }: DataSet): Promise<Mail> {
  let octets = 0;
  for (let number = 0; number < mailboxes; number++) {
    const messages = makeMessages({ seed: 1 + number, count: messagesEach, medianBytes });
    for (const { body } of messages) octets += body.length;
    await server.putMessages(user, mailboxName(number), messages);
  }
  await warm(server, user);
  return { user, messages: mailboxes * messagesEach, octets };
}

/** Has the server index the mail and remember sizes and dates, as it would have on delivery. */
export async function warm(server: Dovecot, user: string): Promise<void> {
  const config = `${server.folder}/dovecot.conf`;
  const query = ['fetch', '-u', user, 'uid flags size.virtual date.received', 'mailbox', '*', 'all'];
  await run('sh', ['-c', 'exec doveadm "$@" >/dev/null', 'doveadm', '-c', config, ...query]);
}

export function megabytes(octets: number): string {
  return `${Math.round(octets / 1e6).toLocaleString('en')} MB`;
}
