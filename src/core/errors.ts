/**
 * Errors by reach: what is skipped follows from the class. A message error skips a message, a mailbox
 * error a mailbox, an account error an account; an archive error stops every write to that archive.
 * `code` is stable and decides the exit code; `hint` tells the operator what to do. Match by class or
 * code, never by text.
 */

import type { ErrorReport } from './report.js';

export type ErrorCode =
  | 'usage'
  | 'config'
  | 'credentials'
  | 'not_supported'
  | 'no_archive'
  | 'locked'
  | 'damage'
  | 'unreachable'
  | 'throttled'
  | 'rate_limit'
  | 'tls'
  | 'protocol'
  | 'refused'
  | 'interrupted'
  | 'disk_full'
  | 'io'
  | 'index'
  | 'incomplete'
  | 'id_space_changed'
  | 'internal';

export interface ErrorOptions {
  readonly code: ErrorCode;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Milliseconds for which the server wants to be left alone, where it said. */
  readonly retryAfterMs?: number | undefined;
}

export class MailkeepError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly retryAfterMs: number | null;

  constructor(message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code;
    this.hint = options.hint ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** The command line is wrong; exit 2. */
export class UsageError extends MailkeepError {
  constructor(message: string, hint?: string) {
    super(message, { code: 'usage', hint });
  }
}

/** The configuration is wrong or unreadable; exit 2. */
export class ConfigError extends MailkeepError {
  constructor(message: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(message, { code: 'config', ...options });
  }
}

/** One message can't be read or stored; the mailbox goes on. */
export class MessageError extends MailkeepError {}

/** One mailbox can't be read; the account goes on. */
export class MailboxError extends MailkeepError {}

/** The account can't go on: server out of reach, signed out, throttled. What is stored is safe. */
export class AccountError extends MailkeepError {}

/** A credential can't be had or was refused; exit 12. */
export class CredentialsError extends MailkeepError {
  constructor(
    message: string,
    options: { code?: 'credentials' | 'not_supported'; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { code: 'credentials', ...options });
  }
}

/** The archive on disk can't be written or read: no run may go on. */
export class ArchiveError extends MailkeepError {}

/** The run was told to stop (SIGINT, SIGTERM); exit 130. */
export class InterruptedError extends MailkeepError {
  constructor(message = 'interrupted; what was stored is safe, the next run goes on from here') {
    super(message, { code: 'interrupted' });
  }
}

/** Throws InterruptedError once the signal has fired. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new InterruptedError();
}

/** A sentence for people from whatever was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** For people and JSON; never carries more than the error's own words. */
export function errorReport(error: unknown): ErrorReport {
  if (error instanceof MailkeepError) {
    const { code, message, hint, retryAfterMs } = error;
    return { code, message, hint, ...(retryAfterMs === null ? {} : { retryAfterMs }) };
  }
  return {
    code: 'internal',
    message: describeError(error),
    hint: 'this is a bug in mailkeep; what was stored is safe',
  };
}
