// What a row of the table is: a piece of work, who did it in which time, and the goals that the figures are held to.

import type { Sample } from './measured.js';
import type { Setting } from './setting.js';

/** What must be on the machine; a row runs as far as it can without mbsync. */
export type Need = 'dovecot' | 'dovecot-pop3' | 'mbsync' | 'getmail';

export interface Row {
  readonly name: string;
  readonly needs: readonly Need[];
  run(setting: Setting): Promise<RowResult>;
}

/** All runs of one contestant, in the order they were made. */
export interface Series {
  readonly who: string;
  readonly samples: readonly Measure[];
}

export type Measure = Pick<Sample, 'seconds' | 'cpuSeconds' | 'peakMegabytes'> & {
  readonly roundTrips?: number;
  readonly octets?: number;
};

export interface Goal {
  readonly what: string;
  readonly value: number;
  readonly unit: '' | 's' | 'MB' | 'kB' | 'B';
  /** The most that counts as met. */
  readonly most: number;
}

export interface RowResult {
  readonly name: string;
  readonly work: string;
  readonly series: readonly Series[];
  readonly goals: readonly Goal[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function medianOf(series: Series, figure: keyof Measure): number | null {
  const values = series.samples.map((sample) => sample[figure]).filter((value) => typeof value === 'number');
  return values.length === 0 ? null : median(values);
}

export function peakOf(series: Series): number | null {
  const peaks = series.samples.map((sample) => sample.peakMegabytes).filter((peak) => peak !== null);
  return peaks.length === 0 ? null : Math.max(...peaks);
}

/** Of medians; no goal where one of the two did not run. */
export function ratioGoal(all: readonly Series[], against: string, most: number): Goal[] {
  const [own, peer] = [MAILKEEP, against].map((who) => all.find((series) => series.who === who));
  if (own === undefined || peer === undefined) return [];
  const value = medianOf(own, 'seconds')! / medianOf(peer, 'seconds')!;
  return [{ what: `time / ${against}`, value, unit: '', most }];
}

export function secondsGoal(all: readonly Series[], most: number): Goal[] {
  return figureGoal(all, 'seconds', { what: 'time', unit: 's', most });
}

export function figureGoal(all: readonly Series[], figure: keyof Measure, goal: Omit<Goal, 'value'>): Goal[] {
  const own = all.find((series) => series.who === MAILKEEP);
  const value = own === undefined ? null : medianOf(own, figure);
  return value === null ? [] : [{ ...goal, value }];
}

/** Of contestants that are mailkeep in several sizes: the memory of all of them. */
export function memoryGoals(all: readonly Series[], most = 200): Goal[] {
  return all.flatMap((series) => {
    const value = peakOf(series);
    return value === null ? [] : [{ what: `peak memory, ${series.who}`, value, unit: 'MB' as const, most }];
  });
}

/** Every row that runs mailkeep is held to the same bound of memory, unless it has a tighter one. */
export function memoryGoal(all: readonly Series[], most = 200): Goal[] {
  const own = all.find((series) => series.who === MAILKEEP);
  const value = own === undefined ? null : peakOf(own);
  return value === null ? [] : [{ what: 'peak memory', value, unit: 'MB', most }];
}

export const MAILKEEP = 'mailkeep';
export const MBSYNC = 'mbsync';
export const GETMAIL = 'getmail6';
export const MBSYNC_UNSAFE = 'mbsync, FSync no';
