/** The only importer of node-cron: when a cron expression is due next, and a timer that follows it. */
import cron from 'node-cron';
import type { Schedule } from '../core/ports.js';

/** node-cron reports missed ticks on the console unless it has a logger; the scheduler makes them up itself. */
const SILENT = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

export const cronSchedule: Schedule = {
  nextRunAt(expression, timezone) {
    return nextTicks(expression, timezone, 1)[0] ?? null;
  },
  intervalAfter(expression, timezone) {
    const [first, second] = nextTicks(expression, timezone, 2);
    return first === undefined || second === undefined ? Number.POSITIVE_INFINITY : second - first;
  },
  start(expression, timezone, onTick) {
    const task = cron.schedule(expression, () => onTick(), {
      timezone,
      logger: SILENT,
      suppressMissedWarning: true,
    });
    return {
      stop: () => {
        task.destroy();
      },
    };
  },
};

function nextTicks(expression: string, timezone: string, count: number): number[] {
  const task = cron.createTask(expression, () => undefined, { timezone, logger: SILENT });
  try {
    return task.getNextRuns(count).map((date) => date.getTime());
  } finally {
    task.destroy();
  }
}
