/**
 * What went wrong on a connection, as an error by reach: who is affected, what is safe, what to do. Credentials
 * never appear.
 */
import { AccountError, MailkeepError } from '../core/errors.js';
import { networkError } from '../net/network-error.js';
import { isTlsCode, tlsError } from '../net/tls-error.js';
import { NoMechanismError, NoStlsError, ProtocolError, RefusedError, serverText } from './errors.js';
import { refusalError } from './refusal.js';
import type { Pop3Settings } from './settings.js';

/** What ended the account's run. `loginDelay`: seconds, as CAPA announced them. */
export function accountError(
  error: unknown,
  settings: Pop3Settings,
  loginDelay: number | null = null,
): MailkeepError {
  if (error instanceof MailkeepError) return error;
  const { account, host, port } = settings;
  const where = `${host}:${port}`;
  if (error instanceof RefusedError) return refusalError(error, settings, loginDelay);
  if (error instanceof NoStlsError) {
    return new AccountError(`${account}: ${where} does not offer STLS safely (${error.message})`, {
      code: 'tls',
      hint: 'use tls: implicit (port 995) if the server has it; mailkeep never goes on without encryption',
      cause: error,
    });
  }
  if (error instanceof NoMechanismError) {
    return new AccountError(`${account}: ${where} ${error.message}`, {
      code: 'refused',
      hint:
        settings.tls === 'none'
          ? 'use tls: starttls or tls: implicit; many servers take passwords only over TLS'
          : 'mailkeep signs in with USER and PASS, APOP, PLAIN, XOAUTH2 or OAUTHBEARER; allow one of them on the server',
      cause: error,
    });
  }
  if (error instanceof ProtocolError) {
    return new AccountError(`${account}: ${where} sent an answer that is not POP3: ${error.message}`, {
      code: 'protocol',
      hint: 'check host, port and tls in the config; nothing doubtful was stored, the next run tries again',
      cause: error,
    });
  }
  const { code = '', message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  if (isTlsCode(code)) return tlsError(error, settings, null);
  return (
    networkError(error, settings) ??
    new AccountError(`${account}: cannot go on with ${where}: ${serverText(message)}`, {
      code: 'unreachable',
      hint: 'what was stored is safe; the next run goes on from here',
      cause: error,
    })
  );
}
