// How the server's data looks on the wire. A FETCH row stays a structure until it is written, so that a
// fault can take one apart without parsing bytes.

import type { InternalDate } from './message.js';

export interface Literal {
  readonly bytes: Buffer;
  /** What `{n}` says instead of the true length. */
  readonly announced?: number;
}

export interface RowItem {
  readonly name: string;
  /** Raw wire text, or bytes to send as a literal. */
  readonly value: string | Literal;
}

export interface FetchRow {
  readonly sequence: number;
  readonly uid: number;
  readonly items: readonly RowItem[];
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `" 5-Jan-2026 10:00:00 +0100"`, quotes included. */
export function formatInternalDate(date: InternalDate): string {
  const local = new Date((date.seconds + date.zone * 60) * 1000);
  const two = (value: number, pad = '0'): string => String(value).padStart(2, pad);
  const zone = Math.abs(date.zone);
  return (
    `"${two(local.getUTCDate(), ' ')}-${MONTHS[local.getUTCMonth()]}-${local.getUTCFullYear()} ` +
    `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())} ` +
    `${date.zone < 0 ? '-' : '+'}${two(Math.trunc(zone / 60))}${two(zone % 60)}"`
  );
}

/** The INTERNALDATE of an APPEND, without quotes; undefined when it isn't one. */
export function parseInternalDate(text: string): InternalDate | undefined {
  const match = /^([ \d]\d)-([a-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/i.exec(text);
  if (match === null) return undefined;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === match[2]!.toLowerCase());
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((group) => Number(match[group]));
  if (month < 0) return undefined;
  const zone = (Number(match[8]) * 60 + Number(match[9])) * (match[7] === '-' ? -1 : 1);
  const utc = Date.UTC(year!, month, day!, hour!, minute!, second!);
  return { seconds: utc / 1000 - zone * 60, zone };
}

/** A mailbox name or other text: quoted where that is legal, else a literal. Takes and gives latin1. */
export function formatString(text: string, eightBit = false): string {
  const quotable = eightBit ? /^[\x20-\x7e\x80-\xff]*$/ : /^[\x20-\x7e]*$/;
  if (quotable.test(text)) return `"${text.replace(/["\\]/g, '\\$&')}"`;
  return `{${text.length}}\r\n${text}`;
}

export function formatRow(row: FetchRow): (string | Buffer)[] {
  const pieces: (string | Buffer)[] = [];
  let text = `* ${row.sequence} FETCH (`;
  let separator = '';
  for (const { name, value } of row.items) {
    text += `${separator}${name} `;
    separator = ' ';
    if (typeof value === 'string') {
      text += value;
      continue;
    }
    pieces.push(`${text}{${value.announced ?? value.bytes.length}}\r\n`, value.bytes);
    text = '';
  }
  pieces.push(`${text})\r\n`);
  return pieces;
}
