/**
 * Signs in, once, with the safest way that the server offers. A refusal is never tried again in another way:
 * providers lock accounts after a few.
 */
import { createHash } from 'node:crypto';
import { CredentialsError } from '../core/errors.js';
import type { Capabilities } from './capabilities.js';
import { NoMechanismError, ProtocolError, RefusedError, RefusedTokenError, serverText } from './errors.js';
import type { Session } from './session.js';
import type { Pop3Settings } from './settings.js';

export interface SignIn {
  readonly capabilities: Capabilities;
  readonly greeting: string;
  readonly settings: Pick<Pop3Settings, 'host' | 'port' | 'tls' | 'user' | 'login'>;
  /** The password or the access token. */
  readonly secret: string;
}

/** Throws RefusedError, RefusedTokenError, NoMechanismError, CredentialsError, ConnectionLostError. */
export async function signIn(session: Session, request: SignIn): Promise<void> {
  const { capabilities, greeting, settings, secret } = request;
  const { user, login } = settings;
  if (/[\r\n\0\x01]/.test(user) || /[\r\n\0]/.test(secret))
    throw new CredentialsError('user or password holds a line break or a NUL character', {
      hint: 'neither can be sent to a server; check the config',
    });
  session.conceal([secret, `\0${user}\0${secret}`]);
  if (login.kind === 'token') return byToken(session, request);
  const timestamp = timestampOf(greeting);
  if (settings.tls === 'none' && timestamp !== null) return apop(session, request, timestamp);
  if (capabilities.mechanisms.has('PLAIN')) return plain(session, user, secret);
  await session.command('USER', `USER ${user}\r\n`).catch((error: unknown) => {
    // RFC 2449 section 6.2: without this tag USER and PASS are not on offer, and no password was sent yet.
    if (!(error instanceof RefusedError) || !capabilities.told || capabilities.has('USER')) throw error;
    throw new NoMechanismError(
      `takes no password here${offered(capabilities)} ("${serverText(error.text)}")`,
    );
  });
  await session.command('PASS', `PASS ${secret}\r\n`);
}

/**
 * RFC 1939 section 7: the password stays here. MD5 is weak, and who is in between can choose the timestamp and
 * find out the password from many sign-ins; on an open line it is better than nothing, under TLS it is not used.
 */
async function apop(session: Session, { settings, secret }: SignIn, timestamp: string): Promise<void> {
  const digest = createHash('md5').update(timestamp, 'latin1').update(secret).digest('hex');
  await session.command('APOP', `APOP ${settings.user} ${digest}\r\n`);
}

/** A msg-id in the greeting, of printable ASCII: anything else helps whoever looks for collisions (CVE-2007-1558). */
function timestampOf(greeting: string): string | null {
  return /<[!-;=?A-~]{1,400}@[!-;=?A-~]{1,255}>/.exec(greeting)?.[0] ?? null;
}

/** RFC 5034: a command line has at most 255 octets; what is longer waits for the server's "+". */
async function plain(session: Session, user: string, password: string): Promise<void> {
  const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
  const atOnce = `AUTH PLAIN ${response}\r\n`;
  if (atOnce.length <= 255) {
    await session.command('AUTH', atOnce);
    return;
  }
  await begin(session, 'PLAIN');
  await session.command('AUTH', `${response}\r\n`);
}

const TOKEN_MECHANISMS = ['OAUTHBEARER', 'XOAUTH2'] as const;

async function byToken(session: Session, { capabilities, settings, secret }: SignIn): Promise<void> {
  const mechanism = TOKEN_MECHANISMS.find((name) => capabilities.mechanisms.has(name));
  if (mechanism === undefined)
    throw new NoMechanismError(`takes no OAuth2 sign-in (XOAUTH2 or OAUTHBEARER)${offered(capabilities)}`);
  const { user, host, port } = settings;
  const proof =
    mechanism === 'OAUTHBEARER'
      ? `n,a=${saslName(user)},\x01host=${host}\x01port=${port}\x01auth=Bearer ${secret}\x01\x01`
      : `user=${user}\x01auth=Bearer ${secret}\x01\x01`;
  session.conceal([proof]);
  // Never in the command's own line: tokens are too long for it, and Exchange takes them in a second one only.
  await begin(session, mechanism);
  const challenge = await session.exchange('AUTH', `${Buffer.from(proof).toString('base64')}\r\n`);
  if (challenge === null) return;
  // What displeases comes as a challenge; whatever answers it brings the refusal (RFC 7628 section 3.2.3).
  try {
    await session.command('AUTH', mechanism === 'OAUTHBEARER' ? 'AQ==\r\n' : '\r\n');
  } catch (error) {
    throw error instanceof RefusedError ? new RefusedTokenError(error, failureIn(challenge, session)) : error;
  }
  throw new ProtocolError('it lets in whom it has just refused');
}

async function begin(session: Session, mechanism: string): Promise<void> {
  if ((await session.exchange('AUTH', `AUTH ${mechanism}\r\n`)) === null)
    throw new ProtocolError(`AUTH ${mechanism} was over before it began`);
}

/** RFC 5801 section 4. */
function saslName(user: string): string {
  return user.replaceAll('=', '=3D').replaceAll(',', '=2C');
}

function failureIn(challenge: string, session: Session): unknown {
  try {
    return JSON.parse(session.withoutSecrets(Buffer.from(challenge, 'base64').toString()));
  } catch {
    return null;
  }
}

function offered({ mechanisms }: Capabilities): string {
  return mechanisms.size === 0 ? '' : `; it offers ${serverText([...mechanisms].join(', '))}`;
}
