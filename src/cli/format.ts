/** Numbers, sizes, times and tables for people. */
import Table from 'cli-table3';
import { displayWidth } from '../core/text/display-width.js';

export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Local time for people; JSON carries UTC. */
export function formatTime(ms: number | null): string {
  if (ms === null) return 'never';
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** Cut to so many columns, the cut shown by an ellipsis. For text that `printable` has been through. */
export function fitted(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += displayWidth(segment);
    if (used > width - 1) break;
    result += segment;
  }
  return `${result}…`;
}

/** The end of a text in so many columns, the cut shown by an ellipsis. For text that `printable` has been through. */
export function fittedEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let result = '';
  let used = 0;
  for (const { segment } of [...new Intl.Segmenter().segment(text)].reverse()) {
    used += displayWidth(segment);
    if (used > width - 1) break;
    result = segment + result;
  }
  return `…${result}`;
}

/** Cells cut and padded to these columns, two spaces between them. */
export function formatRow(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, at) => {
      const text = fitted(cell, widths[at]!);
      return text + ' '.repeat(Math.max(0, widths[at]! - displayWidth(text)));
    })
    .join('  ')
    .trimEnd();
}

/**
 * Columns aligned by display width (CJK counts two); numbers to the right. No colours, no frames. Where a terminal
 * has only so many columns, the longest texts are cut.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  terminalColumns: number | null = null,
): string {
  const isNumeric = head.map((_, column) => rows.every((row) => typeof row[column] === 'number'));
  const lines = [
    head,
    ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell))),
  ];
  const widths = columnWidths(lines, isNumeric, terminalColumns ?? Number.POSITIVE_INFINITY);
  const [shownHead, ...shownRows] = lines.map((line) =>
    line.map((cell, column) => fitted(cell, widths[column]!)),
  );
  const table = new Table({
    head: shownHead!,
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    colAligns: isNumeric.map((numeric) => (numeric ? 'right' : 'left')),
  });
  table.push(...shownRows);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const GAP = 2;
/** A time is never cut, and a text in fewer columns tells nothing; the terminal wraps the line then. */
const LEAST_TEXT = 16;

function columnWidths(
  lines: readonly (readonly string[])[],
  isNumeric: readonly boolean[],
  available: number,
): number[] {
  const widths = isNumeric.map((_, column) =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))),
  );
  const used = () => widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
  while (used() > available) {
    const texts = widths.map((width, column) => (isNumeric[column] ? 0 : width));
    const longest = Math.max(...texts);
    if (longest <= LEAST_TEXT) break;
    widths[texts.indexOf(longest)] = longest - 1;
  }
  return widths;
}

const BARE = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((part) => [part, '']),
);
