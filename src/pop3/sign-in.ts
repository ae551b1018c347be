/**
 * Signs in, once, with the safest way that the server offers. A refusal is never tried again in another way:
 * providers lock accounts after a few.
 */
import { createHash } from 'node:crypto';
import { CredentialsError } from '../core/errors.js';
import type { Capabilities } from './capabilities.js';
import type { Session } from './session.js';

export interface SignIn {
  readonly capabilities: Capabilities;
  readonly greeting: string;
  /** Whether nobody on the way can read along. */
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
}

export async function signIn(session: Session, request: SignIn): Promise<void> {
  const { capabilities, user, password } = request;
  if (/[\r\n\0]/.test(user) || /[\r\n\0]/.test(password))
    throw new CredentialsError('user or password holds a line break or a NUL character', {
      hint: 'neither can be sent to a server; check the config',
    });
  const timestamp = timestampOf(request.greeting);
  if (!request.secure && timestamp !== null) return apop(session, request, timestamp);
  if (capabilities.mechanisms.has('PLAIN')) return plain(session, user, password);
  await session.command('USER', `USER ${user}\r\n`);
  await session.command('PASS', `PASS ${password}\r\n`);
}

/** RFC 1939 section 7: the password stays here. MD5 is weak, but better than nothing on an open line. */
async function apop(session: Session, { user, password }: SignIn, timestamp: string): Promise<void> {
  const digest = createHash('md5').update(timestamp, 'latin1').update(password).digest('hex');
  await session.command('APOP', `APOP ${user} ${digest}\r\n`);
}

/** RFC 5034: a command line has at most 255 octets; what is longer waits for the server's "+". */
async function plain(session: Session, user: string, password: string): Promise<void> {
  const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
  const atOnce = `AUTH PLAIN ${response}\r\n`;
  if (atOnce.length <= 255) {
    await session.command('AUTH', atOnce);
    return;
  }
  await session.challenge('AUTH', 'AUTH PLAIN\r\n');
  await session.command('AUTH', `${response}\r\n`);
}

/** A msg-id in the greeting. */
function timestampOf(greeting: string): string | null {
  return /<[^\s<>@]{1,400}@[^\s<>@]{1,255}>/.exec(greeting)?.[0] ?? null;
}
