/** Cron expressions of five or six fields, in an IANA time zone or, with null, the machine's own. */
export interface Schedule {
  /** Milliseconds since 1970 of the next ticks after this moment, ascending; fewer where there are no more. */
  upcoming(expression: string, timezone: string | null, count: number): number[];
}
