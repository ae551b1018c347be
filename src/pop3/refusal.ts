/**
 * What -ERR means for the account as a whole, at the sign-in or later: a mailbox in use, a server that wants time,
 * or a credential that it does not take. Response codes (RFC 2449, RFC 3206) decide; where a server has none, its
 * words do.
 */
import { AccountError, CredentialsError, type MailkeepError } from '../core/errors.js';
import { describeTokenFailure, passwordHint, tokenHint } from '../net/sign-in-hint.js';
import { RefusedError, RefusedTokenError, serverText } from './errors.js';
import type { Pop3Settings } from './settings.js';

/** "Another session holds the mailbox", and at Tencent and Sina "duplicate login!". */
const IN_USE =
  /\b(in use|locked?|busy|already (open|connected|logged)|another (session|client|connection)|duplicate login)\b/i;
/** The last is "signing in too often" in GBK, one char per octet, as Chinese providers send it. */
const LATER =
  /\b(try again|later|temporar|too many|too (often|frequent)|throttl|rate limit|wait \d+)|\xb5\xc7\xc2\xbc\xcc\xab\xc6\xb5\xb7\xb1/i;
/** Tencent's one text for all that can be wrong names the password among them, and "system is busy" too. */
const WRONG_PASSWORD =
  /\bpassword (is |or [\w ]+ is )?(incorrect|invalid|wrong)|\b(incorrect|invalid|wrong|bad) ([\w ]+ )?password|authoriz\w+ code/i;

const SIGN_IN = new Set(['USER', 'PASS', 'APOP', 'AUTH']);

/** Whether another session, perhaps our own that was cut off, still holds the mailbox. */
export function isInUse(error: unknown): boolean {
  if (!(error instanceof RefusedError)) return false;
  if (error.code !== null) return error.code === 'IN-USE';
  return IN_USE.test(error.text) && !WRONG_PASSWORD.test(error.text);
}

/** `loginDelay`: seconds, as CAPA announced them. */
export function refusalError(
  error: RefusedError,
  settings: Pop3Settings,
  loginDelay: number | null,
): MailkeepError {
  const { account } = settings;
  const where = `${settings.host}:${settings.port}`;
  const said = error.text.trim() === '' ? '' : ` ("${serverText(error.text)}")`;
  if (isInUse(error)) {
    return new AccountError(`${account}: another program is reading this mailbox on ${where}${said}`, {
      code: 'throttled',
      hint: 'a POP3 mailbox takes one reader at a time; nothing was changed, the next run tries again',
      cause: error,
    });
  }
  if (error.code === 'LOGIN-DELAY') {
    return new AccountError(`${account}: ${where} wants more time between two sign-ins${said}`, {
      code: 'throttled',
      hint:
        loginDelay === null
          ? 'nothing was changed; give the account a schedule with longer pauses'
          : `it asks for ${loginDelay} seconds; give the account a schedule with longer pauses`,
      cause: error,
      retryAfterMs: loginDelay === null ? undefined : loginDelay * 1000,
    });
  }
  if (error.code === 'SYS/PERM') {
    return new AccountError(`${account}: ${where} has a lasting problem with this mailbox${said}`, {
      code: 'refused',
      hint: 'nothing was changed; ask whoever runs the server',
      cause: error,
    });
  }
  if (wantsTime(error)) {
    return new AccountError(`${account}: ${where} asks to come back later${said}`, {
      code: 'throttled',
      hint: 'nothing was changed; the next run goes on',
      cause: error,
    });
  }
  if (SIGN_IN.has(error.command)) return credentialRefused(error, settings, said);
  return new AccountError(`${account}: ${where}: ${error.message}`, {
    code: 'refused',
    hint: 'what was stored is safe; the next run tries again',
    cause: error,
  });
}

function wantsTime({ code, text }: RefusedError): boolean {
  if (code === 'SYS/TEMP') return true;
  return code !== 'AUTH' && LATER.test(text) && !WRONG_PASSWORD.test(text);
}

function credentialRefused(error: RefusedError, settings: Pop3Settings, said: string): CredentialsError {
  const { account, host, port, user, login } = settings;
  const failure = error instanceof RefusedTokenError ? error.failure : null;
  const byToken = login.kind === 'token';
  const what = byToken ? 'OAuth2 sign-in' : 'sign-in';
  return new CredentialsError(
    `${account}: ${host}:${port} refused the ${what} of ${user}${said}${describeTokenFailure(failure)}`,
    {
      hint: byToken
        ? tokenHint(error.text, failure, settings, 'POP3')
        : error.command === 'APOP'
          ? 'check user and password; without TLS the server was given a digest (APOP) and not the password: if it keeps no plain password, use tls: implicit or starttls'
          : passwordHint(error.text, host, 'POP3'),
      cause: error,
    },
  );
}
