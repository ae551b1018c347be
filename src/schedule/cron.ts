/** The only importer of node-cron: when a cron expression comes due. The timers are the scheduler's own. */
import cron from 'node-cron';
import type { Schedule } from '../core/ports/source.js';

/** node-cron writes to the console unless it has a logger. */
const SILENT = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

export const cronSchedule: Schedule = {
  upcoming(expression, timezone, count) {
    const task = cron.createTask(expression, () => undefined, { timezone, logger: SILENT });
    try {
      return task.getNextRuns(count).map((date) => date.getTime());
    } finally {
      task.destroy();
    }
  },
};
