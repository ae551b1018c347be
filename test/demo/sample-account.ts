/**
 * The account that the demo keeps: a lighthouse, its keeper and her friends. The same mail in every run.
 */

import type { MailStore } from '../support/imap-server/mail-store.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';

import { type Attachment, type Letter, messageOf, type Person } from './sample-message.js';

export const USER = 'mina@lighthouse.example';

const MINA: Person = { name: 'Mina Holm', address: USER };
const ADA: Person = { name: 'Ada Brandt', address: 'ada@harbour.example' };
const TOMÁS: Person = { name: 'Tomás Núñez', address: 'tomas@harbour.example' };
const OFFICE: Person = { name: 'Harbour Office', address: 'office@harbour.example' };
const TANAKA: Person = { name: '田中 花子', address: 'hanako@toudai.example' };

/** 2026-01-05 08:00 UTC; each letter comes some hours after the one before. */
const FIRST = 1_767_600_000;
const PACE = 7 * 3600 + 1234;

export const LAMP_PROJECT = 'Projects/New lamp';

/** Mailboxes by path, with how many letters each gets. */
const MAILBOXES: readonly { path: string; attributes?: string[]; letters: number; write: Writer }[] = [
  { path: 'INBOX', letters: 22, write: inboxLetter },
  { path: 'Sent', attributes: ['\\Sent'], letters: 11, write: sentLetter },
  { path: LAMP_PROJECT, letters: 12, write: lampLetter },
  { path: 'Projects/Garden', letters: 6, write: gardenLetter },
  { path: '日本語', letters: 5, write: japaneseLetter },
  { path: 'Drafts', attributes: ['\\Drafts'], letters: 1, write: draftLetter },
  { path: 'Archive/2025', letters: 4, write: archivedLetter },
];

type Writer = (number: number) => Omit<Letter, 'id' | 'sentAt'> & { readonly flags: readonly string[] };

export function fillAccount(store: MailStore): void {
  // A parent that holds no mail of its own, as many servers have them.
  store.create('Projects', { attributes: ['\\Noselect'] });
  store.create('Archive', { attributes: ['\\Archive'] });
  let written = 0;
  for (const { path, attributes, letters, write } of MAILBOXES) {
    const name = encodeModifiedUtf7(path);
    const mailbox =
      store.find(name) ?? store.create(name, { subscribed: true, ...(attributes ? { attributes } : {}) });
    for (let number = 0; number < letters; number++) {
      const { flags, ...letter } = write(number);
      const sentAt = FIRST + written * PACE;
      written += 1;
      mailbox.append({
        body: messageOf({ ...letter, id: `letter-${written}`, sentAt }),
        flags,
        internalDate: { seconds: sentAt + 2, zone: 60 },
      });
    }
  }
}

/** What arrives while the demo runs. */
export function newLetter(): { body: Buffer; internalDate: { seconds: number; zone: number } } {
  const sentAt = FIRST + 100 * PACE;
  const letter: Letter = {
    id: 'the-lamp-works',
    from: ADA,
    to: MINA,
    sentAt,
    subject: 'The lamp works!',
    text: 'Dear Mina,\n\nwe could see it from the pier. The picture is from the ferry.\n\nAda',
    attachment: picture('lamp.svg', '#f4c430'),
  };
  return { body: messageOf(letter), internalDate: { seconds: sentAt + 2, zone: 60 } };
}

function inboxLetter(number: number): ReturnType<Writer> {
  const from = [ADA, OFFICE, TOMÁS][number % 3]!;
  const subjects = ['Tide table', 'Ferry at nine', 'Grüße vom Festland', 'Fog tomorrow', 'Your parcel'];
  const text = `Dear Mina,\n\nletter number ${number + 1} about the same old sea.\n\n${from.name}`;
  const flags = [['\\Seen'], ['\\Answered', '\\Seen'], [], ['\\Flagged', '\\Seen', '$Important']][
    number % 4
  ]!;
  const letter = { from, to: MINA, subject: `${subjects[number % 5]} (${number + 1})`, text, flags };
  return number === 4 ? { ...letter, attachment: tideTable() } : letter;
}

function sentLetter(number: number): ReturnType<Writer> {
  const to = [ADA, TANAKA, TOMÁS][number % 3]!;
  const text = `Dear ${to.name},\n\nall is well on the rock, day ${number + 1}.\n\nMina`;
  return { from: MINA, to, subject: `News from the rock, no. ${number + 1}`, text, flags: ['\\Seen'] };
}

function lampLetter(number: number): ReturnType<Writer> {
  const text = `Mina,\n\nabout the new lamp: measure ${number + 1} is taken, the lens is on its way.\n\nTomás`;
  const flags = number % 2 === 0 ? ['\\Seen', 'lamp'] : ['\\Seen', '$Forwarded', 'lamp'];
  const letter = { from: TOMÁS, to: MINA, subject: `New lamp, step ${number + 1}`, text, flags };
  return number === 3 ? { ...letter, attachment: picture('tower.svg', '#b22222') } : letter;
}

function gardenLetter(number: number): ReturnType<Writer> {
  const text = `Mina,\n\nbed ${number + 1}: beans. They like the wind more than one would think.\n\nAda`;
  const flags = number === 0 ? ['\\Flagged', '\\Seen', 'garden'] : ['\\Seen'];
  return { from: ADA, to: MINA, subject: `Garden, bed ${number + 1}`, text, flags };
}

function japaneseLetter(number: number): ReturnType<Writer> {
  const text = `ミナさん\n\n灯台から${number + 1}通目の手紙です。お元気ですか。\n\n花子`;
  const subject = `灯台だより 第${number + 1}号`;
  return { from: TANAKA, to: MINA, subject, text, flags: number === 4 ? [] : ['\\Seen'] };
}

function draftLetter(): ReturnType<Writer> {
  const text = 'Dear Hanako,\n\nthank you for';
  return { from: MINA, to: TANAKA, subject: 'Re: 灯台だより', text, flags: ['\\Draft'] };
}

function archivedLetter(number: number): ReturnType<Writer> {
  const text = `To the keeper: the accounts of quarter ${number + 1} are closed.\n\nHarbour Office`;
  return { from: OFFICE, to: MINA, subject: `Accounts 2025, quarter ${number + 1}`, text, flags: ['\\Seen'] };
}

function tideTable(): Attachment {
  const rows = Array.from(
    { length: 300 },
    (_, day) => `${day + 1},${(day * 50) % 720},${(day * 50 + 372) % 720}`,
  );
  return {
    name: 'tides.csv',
    type: 'text/csv',
    content: Buffer.from(['day,high,low', ...rows, ''].join('\n')),
  };
}

function picture(name: string, colour: string): Attachment {
  const waves = Array.from(
    { length: 40 },
    (_, at) => `<path d="M0 ${150 + at} q 25 -6 50 0 t 50 0" fill="none" stroke="#4682b4"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 200"><rect x="40" y="40" width="20" height="110" fill="${colour}"/><circle cx="50" cy="30" r="10" fill="${colour}"/>${waves.join('')}</svg>\n`;
  return { name, type: 'image/svg+xml', content: Buffer.from(svg) };
}
