// The clock of the daemon's tests: it stands still until the test moves it.

import { afterEach, beforeEach, vi } from 'vitest';

export const START = Date.parse('2026-03-10T12:00:30.000Z');
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** Moves timers and the wall clock; `vi.setSystemTime` moves the wall clock alone. */
export const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

/** A new stage for every test, with the clock at START; its daemon or scheduler stops behind it. */
export function onStage<Stage extends { readonly stop: AbortController }>(
  set: () => Stage,
): { readonly stage: Stage } {
  let stage: Stage;
  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    stage = set();
  });
  afterEach(() => {
    stage.stop.abort();
    vi.useRealTimers();
  });
  return {
    get stage() {
      return stage;
    },
  };
}
