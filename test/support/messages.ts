// Mail to fill servers with: log-normal sizes, folded and encoded headers, alternatives, base64 attachments. The
// same seed gives the same bytes; each message's Message-ID names its seed and number, so that a failure can be
// traced to its origin.

import { type Random, randomFrom } from './random.js';

export interface MessageOptions {
  readonly seed: number;
  readonly count: number;
  /** Median of the sizes in bytes; default 8,000. */
  readonly medianBytes?: number;
  /** Default 2,000,000. */
  readonly mostBytes?: number;
  /** Default CRLF, as on the wire. */
  readonly lineEnd?: '\r\n' | '\n';
}

export interface GeneratedMessage {
  readonly body: Buffer;
  /** Maildir letters, often only S. */
  readonly flags: string;
  /** Seconds since 1970; grows from message to message. */
  readonly internalDate: number;
}

export function makeMessages(options: MessageOptions): GeneratedMessage[] {
  const { seed, count, medianBytes = 8000, mostBytes = 2_000_000, lineEnd = '\r\n' } = options;
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => {
    const size = Math.min(mostBytes, Math.round(random.logNormal(medianBytes, 1.2)));
    const internalDate = 1_200_000_000 + index * 3600 + random.integer(0, 3599);
    const text = messageText(random, `${seed}.${index}`, internalDate, size);
    return {
      body: Buffer.from(text.replaceAll('\n', lineEnd)),
      flags: random.pick(['', 'S', 'S', 'S', 'RS', 'FS', 'FRS', 'D', 'PS', 'ST']),
      internalDate,
    };
  });
}

/** A small message that can be told from all others by `marker`, which stands in its subject and text. */
export function markedMessage(marker: string, lineEnd: '\r\n' | '\n' = '\r\n'): Buffer {
  return Buffer.from(
    [
      `Message-ID: <${encodeURIComponent(marker)}@marker.example>`,
      'From: Marker <marker@example.org>',
      'To: user@example.com',
      `Subject: ${encodedWord(marker)}`,
      'Date: Thu, 10 Jan 2008 21:20:00 +0000',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      marker,
      '',
    ].join(lineEnd),
  );
}

const SYLLABLES = 'an be ca do er fi go ha in ju ka lo mi no or pa qui ra se ti un ve wi xa yo zu'.split(' ');
const NAMES = ['Ada Bell', 'Jürgen Groß', 'María Núñez', '山田 太郎', "O'Neil, Pat", 'Ñ "quoted"', 'Søren Å'];

function messageText(random: Random, id: string, date: number, size: number): string {
  const boundary = `=_${id}_${random.integer(0, 2 ** 31)}`;
  const headers = [
    `Return-Path: <${word(random)}@example${random.integer(0, 99)}.org>`,
    `Received: from mx${random.integer(1, 9)}.example.net (mx.example.net [192.0.2.${random.integer(1, 254)}])`,
    `\tby mail.example.com with ESMTPS id ${id};`,
    `\t${new Date(date * 1000).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}.${random.integer(0, 2 ** 31)}@example.org>`,
    `Date: ${new Date(date * 1000).toUTCString().replace('GMT', '+0000')}`,
    `From: ${mailboxName(random.pick(NAMES))} <${word(random)}@example.org>`,
    `To: ${mailboxName(random.pick(NAMES))} <user@example.com>`,
    `Subject: ${encodedWord(random.next() < 0.3 ? `Grüße ${words(random, 4)}` : words(random, 6))}`,
    'MIME-Version: 1.0',
  ];
  const parts = [textPart(random, Math.min(size, 3000))];
  if (random.next() < 0.4) parts.push(htmlPart(random, Math.min(size, 6000)));
  const body = parts.length === 1 ? parts[0]! : multipart('alternative', `${boundary}a`, parts);
  const rest = size - body.length;
  const content = rest > 2000 ? multipart('mixed', boundary, [body, attachment(random, id, rest)]) : body;
  return `${headers.join('\n')}\n${content}`;
}

function textPart(random: Random, size: number): string {
  return `Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${lines(random, size)}`;
}

function htmlPart(random: Random, size: number): string {
  const html = `<html><body><p>${lines(random, size)}</p></body></html>\n`;
  return `Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${html}`;
}

function attachment(random: Random, id: string, size: number): string {
  const start = random.integer(0, 999);
  const body = base64Lines().slice(start * 77);
  const repeated = body.repeat(Math.ceil(size / body.length)).slice(0, size);
  const name = `report-${id}.pdf`;
  return [
    `Content-Type: application/pdf; name="${name}"`,
    `Content-Disposition: attachment; filename="${name}"`,
    'Content-Transfer-Encoding: base64',
    '',
    `${repeated.slice(0, repeated.lastIndexOf('\n'))}\n`,
  ].join('\n');
}

function multipart(kind: string, boundary: string, parts: readonly string[]): string {
  const inner = parts.map((part) => `--${boundary}\n${part}\n`).join('');
  return `Content-Type: multipart/${kind}; boundary="${boundary}"\n\n${inner}--${boundary}--\n`;
}

let base64Cache = '';

/** 77,000 characters of base64 in lines of 76, the same in every run. */
function base64Lines(): string {
  if (base64Cache === '') {
    const random = randomFrom(1);
    const bytes = Buffer.from(Array.from({ length: 57_000 }, () => random.integer(0, 255)));
    base64Cache = bytes.toString('base64').replace(/.{76}/g, '$&\n');
  }
  return base64Cache;
}

function lines(random: Random, size: number): string {
  let text = '';
  while (text.length < size) text += `${words(random, random.integer(3, 12))}\n`;
  return text === '' ? '\n' : text;
}

function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => word(random)).join(' ');
}

function word(random: Random): string {
  return Array.from({ length: random.integer(1, 4) }, () => random.pick(SYLLABLES)).join('');
}

function mailboxName(name: string): string {
  return /^[A-Za-z ]+$/.test(name) ? name : isAscii(name) ? JSON.stringify(name) : encodedWord(name);
}

/** RFC 2047, one B word; good for the short texts used here. */
function encodedWord(text: string): string {
  return isAscii(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
