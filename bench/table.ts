// The results as a table in Markdown that is readable on a terminal too.

import { type Goal, type Measure, medianOf, peakOf, type RowResult, type Series } from './row.js';

const HEAD = ['work', 'who', 'seconds', 'CPU', 'peak MB', 'trips', 'octets'];

export function formatResults(results: readonly RowResult[]): string {
  const lines = results.flatMap(({ work, series }) =>
    series.map((one, at) => [
      at === 0 ? work : '',
      one.who,
      number(medianOf(one, 'seconds')),
      number(medianOf(one, 'cpuSeconds')),
      whole(peakOf(one)),
      figure(one, 'roundTrips'),
      figure(one, 'octets'),
    ]),
  );
  const goals = results.flatMap((result) =>
    result.goals.map((goal) => [
      result.name,
      goal.what,
      withUnit(goal, goal.value),
      `at most ${withUnit(goal, goal.most)}`,
      isMet(goal) ? 'met' : 'MISSED',
    ]),
  );
  return `${markdown(HEAD, lines)}\n\n${markdown(['row', 'goal', 'measured', 'wanted', ''], goals)}\n`;
}

export function isMet({ value, most }: Goal): boolean {
  return value <= most;
}

function withUnit({ unit }: Goal, value: number): string {
  const text = unit === 'MB' || unit === 'B' ? whole(value) : number(value);
  return unit === '' ? text : `${text} ${unit}`;
}

function figure(series: Series, name: keyof Measure): string {
  return whole(medianOf(series, name));
}

function number(value: number | null): string {
  if (value === null) return '';
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 0.1 ? 3 : 2);
}

function whole(value: number | null): string {
  return value === null ? '' : Math.round(value).toLocaleString('en');
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((cells) => cells[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join(
    '\n',
  );
}
