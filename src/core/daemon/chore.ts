/** When the daemon's chores are due. What they remember lives as long as the daemon: doing one again is harmless. */
import type { Schedule } from '../ports/schedule.js';

export interface Due {
  /** Asked behind each run; true at most once for each time it comes due. */
  isDue(now: number): boolean;
}

/** At once, and then at this distance. A clock that is set back makes it due at once, not in a year. */
export function every(milliseconds: number): Due {
  let last: number | null = null;
  return {
    isDue: (now) => {
      if (last !== null && now >= last && now - last < milliseconds) return false;
      last = now;
      return true;
    },
  };
}

/** At the ticks of a cron expression from now on; null: never. */
export function byCron(schedule: Schedule, expression: string | null, timezone: string | null): Due {
  const next = () => (expression === null ? undefined : schedule.upcoming(expression, timezone, 1)[0]);
  let at = next();
  return {
    isDue: (now) => {
      if (at === undefined || now < at) return false;
      at = next();
      return true;
    },
  };
}
