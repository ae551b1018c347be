/** The only importer of node-cron: when a cron expression comes due. The timers are the scheduler's own. */
import cron from 'node-cron';
import type { Schedule } from '../core/ports/schedule.js';

/** node-cron writes to the console unless it has a logger. */
const SILENT = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

const HOUR_MS = 3_600_000;

export const cronSchedule: Schedule = {
  upcoming(expression, zone, count) {
    const timezone = zone ?? new Intl.DateTimeFormat('en').resolvedOptions().timeZone;
    const task = cron.createTask(expression, () => undefined, { timezone, logger: SILENT });
    try {
      const ticks = task.getNextRuns(count).map((date) => date.getTime());
      return isHourly(expression) ? withRepeatedHour(ticks, timezone, Date.now()) : ticks;
    } finally {
      task.destroy();
    }
  },
};

/** Whether it comes due in every hour; the field of hours is the fourth from the end. */
function isHourly(expression: string): boolean {
  return expression.trim().split(/\s+/).at(-4) === '*';
}

/**
 * Where summer time ends, an hour of the clock comes twice. node-cron leaves the second one out, which is right for
 * what is due at a certain hour, and two hours without a run for what is due in each.
 */
function withRepeatedHour(ticks: readonly number[], timezone: string, now: number): number[] {
  const [first] = ticks;
  if (first === undefined || offsetAt(now, timezone) - offsetAt(first, timezone) !== HOUR_MS)
    return [...ticks];
  const repeated = ticks.map((tick) => tick - HOUR_MS).filter((tick) => tick > now);
  return [...new Set([...repeated, ...ticks])].sort((a, b) => a - b).slice(0, ticks.length);
}

/** Milliseconds that the clocks of a time zone are ahead of UTC. */
function offsetAt(moment: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(moment);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)$/.exec(name) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
}
