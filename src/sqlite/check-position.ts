/** Where on the circle of core/proof/check-share.ts the next share of `check --read-data=10%` begins. */
import { guarded, openIndex } from './database.js';
import { State } from './state.js';

const KEY = 'check_position';

export function readCheckPosition(file: string): number {
  return withState(file, (state) => Number(state.get(KEY) ?? '0'));
}

/** The caller holds the account's lock. */
export function keepCheckPosition(file: string, position: number): void {
  withState(file, (state) => state.set(KEY, String(position)));
}

function withState<T>(file: string, work: (state: State) => T): T {
  return guarded(file, () => {
    const database = openIndex(file, { create: false });
    try {
      return work(new State(database));
    } finally {
      database.close();
    }
  });
}
