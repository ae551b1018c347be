/**
 * Does the same with several accounts. One that can't be worked on (locked, without an archive, with a damaged
 * index) holds up no other: it is named, and counts for the exit code.
 */
import type { AccountConfig } from '../config/config.js';
import { errorReport, InterruptedError } from '../core/errors.js';
import type { ErrorReport } from '../core/report.js';
import { errorJson } from '../core/report-json.js';
import { exitCodeOf } from './exit-code.js';
import { tellError, type Verb } from './io.js';

export interface FailedAccount {
  readonly account: string;
  /** As --json shows it. */
  readonly error: ReturnType<typeof errorJson>;
}

/** Throws what `work` throws where there is one account only, and InterruptedError: nothing is to go on then. */
export async function eachAccount<T>(
  verb: Verb,
  accounts: readonly AccountConfig[],
  work: (account: AccountConfig) => T | Promise<T>,
): Promise<{ done: T[]; failed: FailedAccount[]; codes: number[] }> {
  const done: T[] = [];
  const failed: FailedAccount[] = [];
  for (const account of accounts) {
    try {
      done.push(await work(account));
    } catch (error) {
      if (accounts.length === 1 || error instanceof InterruptedError) throw error;
      const report = errorReport(error);
      failed.push({ account: account.name, error: errorJson(report) });
      if (!verb.options.json) tell(verb, account.name, report);
    }
  }
  return { done, failed, codes: failed.map(({ error }) => exitCodeOf(error.code)) };
}

/** For --json: what came of each account, in the order in which they were named. */
export function inOrder<T extends { readonly account: string }>(
  accounts: readonly AccountConfig[],
  done: readonly T[],
  failed: readonly FailedAccount[],
): (T | FailedAccount)[] {
  return accounts.flatMap(({ name }) => [...done, ...failed].find(({ account }) => account === name) ?? []);
}

function tell(verb: Verb, account: string, { message, hint }: ErrorReport): void {
  // What comes from a connection or a credential names its account already.
  const named = message.startsWith(`${account}: `) ? message : `${account}: ${message}`;
  tellError(verb, { message: named, hint });
}
