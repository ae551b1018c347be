/** The rhythm of a watching connection, and the timers for it. */
export interface WatchTiming {
  /** Between two NOOPs: below the five minutes after which routers forget a silent connection. */
  readonly renewMs: number;
  /** For the answer to a NOOP. */
  readonly answerMs: number;
}

export const TIMING: WatchTiming = { renewMs: 4 * 60_000, answerMs: 30_000 };

export function timer(milliseconds: number): { readonly over: Promise<void>; stop(): void } {
  let handle: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, milliseconds);
  });
  return { over, stop: () => clearTimeout(handle) };
}
