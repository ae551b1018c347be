/** Where on the circle of core/proof/check-share.ts the next share of `check --read-data=10%` begins. */
import { guarded, openIndex } from './database.js';
import { RunRows } from './run-rows.js';

const KEY = 'check_position';

export function readCheckPosition(file: string): number {
  return withRuns(file, (runs) => Number(runs.get(KEY) ?? '0'));
}

/** The caller holds the account's lock. */
export function keepCheckPosition(file: string, position: number): void {
  withRuns(file, (runs) => runs.set(KEY, String(position)));
}

function withRuns<T>(file: string, work: (runs: RunRows) => T): T {
  return guarded(file, () => {
    const database = openIndex(file, { create: false });
    try {
      return work(new RunRows(database));
    } finally {
      database.close();
    }
  });
}
