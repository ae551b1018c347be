/** From pino's JSON line to what a person, a terminal or the journal can take. Pure; one line in, one line out. */
import { printable } from '../core/text/printable.js';

const LEVELS: Readonly<Record<number, { readonly name: string; readonly priority: number }>> = {
  10: { name: 'trace', priority: 7 },
  20: { name: 'debug', priority: 7 },
  30: { name: 'info', priority: 6 },
  40: { name: 'warn', priority: 4 },
  50: { name: 'error', priority: 3 },
  60: { name: 'fatal', priority: 2 },
};

/** syslog(3) priority of a line. */
export function priorityOf(line: string): number {
  return LEVELS[Number(/^\{"level":(\d+)/.exec(line)?.[1])]?.priority ?? 6;
}

/** `2026-01-31 12:30:05 warn  personal: run 12 failed: ...`: the message and what to do; the numbers are in the JSON. */
export function humanLine(line: string, options: { readonly time: boolean }): string {
  const { level, time, msg, hint } = JSON.parse(line) as Record<string, unknown>;
  const when = options.time && typeof time === 'number' ? `${localTime(time)} ` : '';
  const name = (LEVELS[Number(level)]?.name ?? 'info').padEnd(5);
  return `${when}${name} ${printable(`${String(msg)}${typeof hint === 'string' ? ` (${hint})` : ''}`)}\n`;
}

/** JSON escapes C0 itself; DEL, C1 and what turns the direction of text are left to us. */
export function escapeJson(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function localTime(ms: number): string {
  const date = new Date(ms);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
