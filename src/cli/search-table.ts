/**
 * Found messages as a table that fits the terminal, each with the words around the hit. Nothing that a message
 * holds can look like a column, make a line longer or reach the terminal as it is.
 */
import { displayWidth } from '../core/text/display-width.js';
import { printable } from '../core/text/printable.js';
import type { Hit } from '../wiring/search.js';
import { fitted, fittedEnd, formatRow, formatTime } from './format.js';
import { cell, flagsOf, isRemoved, mailboxesOf, SHORT_ID, senderName } from './found-message.js';

/** Date, marks and id are as wide as they are; the rest of the terminal is shared by the others. */
const TIME = 16;
const MARKS = 5;
const SPACES = 5 * 2;

/** Columns that the shared ones need for a line each; with fewer a message takes two lines. */
const LEAST_SHARED = 30;

export interface TableLook {
  readonly width: number;
  /** Whether hits stand out. */
  readonly isBold: boolean;
  readonly withAccount: boolean;
}

export function searchTable(hits: readonly Hit[], { width, isBold, withAccount }: TableLook): string {
  const room = width - TIME - MARKS - SHORT_ID - SPACES;
  const rows = hits.map((hit) => ({
    date: formatTime(hit.date),
    marks: marksOf(hit),
    from: cell(senderName(hit.from)),
    subject: cell(hit.subject),
    mailbox: cell(placeOf(hit, withAccount)),
    id: hit.sha256.slice(0, SHORT_ID),
    snippet: hit.snippet.hits.length > 0 ? `    ${snippetLine(hit, width - 4, isBold)}` : null,
  }));
  const lines: string[] = [];
  if (room < LEAST_SHARED) {
    for (const { date, marks, id, mailbox, from, subject, snippet } of rows) {
      lines.push(fitted(formatRow([date, id, marks.padEnd(MARKS)], [TIME, SHORT_ID, MARKS]), width));
      lines.push(fitted(`  ${[from, subject].filter(Boolean).join(': ')} (${mailbox})`, width));
      if (snippet !== null) lines.push(snippet);
    }
    return lines.join('\n');
  }
  const widest = (cells: readonly string[]) => Math.max(...cells.map(displayWidth));
  const from = Math.min(Math.floor(room * 0.28), widest(['from', ...rows.map((row) => row.from)]));
  const mailbox = Math.min(Math.floor(room * 0.22), widest(['mailbox', ...rows.map((row) => row.mailbox)]));
  const subject = Math.min(room - from - mailbox, widest(['subject', ...rows.map((row) => row.subject)]));
  const widths = [TIME, MARKS, from, subject, mailbox, SHORT_ID];
  lines.push(formatRow(['date', 'marks', 'from', 'subject', 'mailbox', 'id'], widths));
  for (const row of rows) {
    lines.push(formatRow([row.date, row.marks, row.from, row.subject, row.mailbox, row.id], widths));
    if (row.snippet !== null) lines.push(row.snippet);
  }
  return lines.join('\n');
}

/** N not read, A attachments, R gone from the server, E encrypted, S signed. */
function marksOf(hit: Hit): string {
  const marks: [string, boolean][] = [
    ['N', !flagsOf(hit).includes('\\Seen')],
    ['A', hit.attached],
    ['R', isRemoved(hit)],
    ['E', hit.protection === 'encrypted'],
    ['S', hit.protection === 'signed'],
  ];
  return marks.map(([mark, set]) => (set ? mark : '')).join('');
}

function placeOf(hit: Hit, withAccount: boolean): string {
  const [first = '', ...more] = mailboxesOf(hit);
  const path = more.length === 0 ? first : `${first} +${more.length}`;
  return withAccount ? `${hit.account}: ${path}` : path;
}

/** The words around the hit in so many columns; however few they are, the first hit is among them. */
function snippetLine({ snippet }: Hit, width: number, isBold: boolean): string {
  const pieces: { text: string; isHit: boolean }[] = [];
  let at = 0;
  for (const [from, to] of snippet.hits) {
    pieces.push({ text: printable(snippet.text.slice(at, from)), isHit: false });
    pieces.push({ text: printable(snippet.text.slice(from, to)), isHit: true });
    at = to;
  }
  pieces.push({ text: printable(snippet.text.slice(at)), isHit: false });
  let room = width;
  let line = '';
  for (const [number, { text, isHit }] of pieces.entries()) {
    const shown = fitted(number === 0 ? fittedEnd(text, Math.floor(width / 3)) : text, room);
    line += isHit && isBold ? `\u001b[1m${shown}\u001b[22m` : shown;
    room -= displayWidth(shown);
    if (room <= 0) break;
  }
  return line;
}
