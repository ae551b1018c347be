/** An error in a query: what was expected, the query, and carets under the exact place. */

import { MailkeepError } from '../errors.js';
import { displayWidth } from '../text/display-width.js';
import { printable } from '../text/printable.js';

/** Offsets in UTF-16 code units; `end` is exclusive. An empty span is a place between characters. */
export interface QuerySpan {
  readonly start: number;
  readonly end: number;
}

/** Columns of the query shown before and after the place. */
const CONTEXT = 60;

/** The query is wrong; exit 2. */
export class QueryError extends MailkeepError {
  readonly start: number;
  readonly end: number;

  constructor(reason: string, query: string, { start, end }: QuerySpan, options: { hint?: string } = {}) {
    super(`${reason}\n${pointAt(query, start, end)}`, { code: 'usage', ...options });
    this.start = start;
    this.end = end;
  }
}

/** The text in a line, and below it carets under the place. */
export function pointAt(query: string, start: number, end: number): string {
  const before = [...query.slice(0, start)];
  const after = [...query.slice(end)];
  const shownBefore = (before.length > CONTEXT ? '…' : '') + printable(before.slice(-CONTEXT).join(''));
  const shownAfter = printable(after.slice(0, CONTEXT).join('')) + (after.length > CONTEXT ? '…' : '');
  const place = printable(query.slice(start, end));
  const carets = '^'.repeat(Math.max(1, displayWidth(place)));
  return `  ${shownBefore}${place}${shownAfter}\n  ${' '.repeat(displayWidth(shownBefore))}${carets}`;
}
