// Signing in: LOGIN and AUTHENTICATE with PLAIN, LOGIN, OAUTHBEARER and XOAUTH2, with and without an
// initial response (RFC 4959).

import { bad, type CommandError, no } from './command-error.js';
import type { Outcome } from './commands.js';
import type { CommandContext, Session } from './session.js';

export function login({ session, args }: CommandContext): Outcome {
  args.space();
  const user = args.astring();
  args.space();
  const password = args.astring();
  args.end();
  return signIn(session, utf8(user), utf8(password));
}

export async function authenticate(context: CommandContext): Promise<Outcome> {
  const { session, args } = context;
  args.space();
  const mechanism = args.keyword();
  session.require(`AUTH=${mechanism}`);
  let initial: string | undefined;
  if (args.next !== '') {
    session.require('SASL-IR');
    args.space();
    initial = decoded(args.match(/[A-Za-z0-9+/=]+/y, 'a response'));
  }
  args.end();
  if (mechanism === 'LOGIN') {
    const user = initial ?? (await ask(context, 'Username:'));
    return signIn(session, user, await ask(context, 'Password:'));
  }
  const response = initial ?? (await ask(context, ''));
  if (mechanism === 'PLAIN') {
    const [, user, password] = response.split('\0');
    if (user === undefined || password === undefined) throw bad('Invalid response');
    return signIn(session, user, password);
  }
  const user = /(?:^n,a=|^user=)([^,\x01]*)/.exec(response)?.[1];
  const token = /\x01auth=Bearer ([^\x01]*)\x01/.exec(response)?.[1];
  if (user === undefined || token === undefined) throw bad('Invalid response');
  if (session.server.options.takesToken?.(user, token) !== true) {
    // RFC 7628 3.2.3: the reason comes as a challenge, which the client answers before it gets its NO.
    await ask(context, '{"status":"invalid_token","schemes":"bearer"}');
    throw refused();
  }
  return signedIn(session, user);
}

async function ask({ session, reply }: CommandContext, challenge: string): Promise<string> {
  reply.line(`+ ${Buffer.from(challenge).toString('base64')}`);
  await reply.flush();
  const line = await session.reader.readLine();
  if (line === undefined || line.toString('latin1') === '*') throw bad('Authentication cancelled');
  return decoded(line.toString('latin1'));
}

function decoded(base64: string): string {
  return base64 === '=' ? '' : Buffer.from(base64, 'base64').toString();
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

function signIn(session: Session, user: string, password: string): Outcome {
  const { users } = session.server.options;
  if (!Object.hasOwn(users, user) || users[user] !== password) throw refused();
  return signedIn(session, user);
}

function signedIn(session: Session, user: string): Outcome {
  session.user = user;
  return `[CAPABILITY ${session.server.announced.filter((name) => name !== 'STARTTLS').join(' ')}] Logged in`;
}

function refused(): CommandError {
  return no('Authentication failed.', 'AUTHENTICATIONFAILED');
}
