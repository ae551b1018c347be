/** The rhythm of a watching connection. */
export interface WatchTiming {
  /** Between two NOOPs: below the five minutes after which routers forget a silent connection. */
  readonly renewMs: number;
  /** For the answer to a NOOP. */
  readonly answerMs: number;
}

export const TIMING: WatchTiming = { renewMs: 4 * 60_000, answerMs: 30_000 };
