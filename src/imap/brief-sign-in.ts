/**
 * imapflow's sign-in without the round trips it does not need: ID and NAMESPACE are left to the wire, which sends
 * them along with its first commands, and a password travels with its AUTHENTICATE (SASL-IR, RFC 4959). imapflow
 * waits for each of them, four waits in all. What it does not declare is used if it is there, and not needed.
 */
import type { ImapFlow } from 'imapflow';
import { answeredCode } from './errors.js';

/** The inside of imapflow 2.1: each command of its sign-in goes through `run`. */
interface Inside {
  run(command: string, ...rest: unknown[]): Promise<unknown>;
  exec(
    command: string,
    attributes: readonly { type: 'ATOM'; value: string; sensitive?: boolean }[],
  ): Promise<{ next(): void }>;
}

/** Before `connect`. Behind it `client.namespace` is not known, and the server has not heard who we are. */
export function shortenSignIn(client: ImapFlow): void {
  const inside = client as unknown as Inside;
  const run = inside.run.bind(client);
  inside.run = (command, ...rest) => {
    if (command === 'ID' || command === 'NAMESPACE') return Promise.resolve(undefined);
    const password = command === 'AUTHENTICATE' ? plainPassword(client, rest[1]) : null;
    if (password !== null) return authenticatePlain(inside, String(rest[0]), password);
    return run(command, ...rest);
  };
}

/** The password, where imapflow would take PLAIN and the server takes it at once. */
function plainPassword({ capabilities }: ImapFlow, credentials: unknown): string | null {
  const { password, loginMethod } = credentials as { password?: string; loginMethod?: string };
  const suits = capabilities.has('SASL-IR') && capabilities.has('AUTH=PLAIN');
  return suits && !loginMethod && password !== undefined ? password : null;
}

/** RFC 4616. Throws as imapflow's own does. */
async function authenticatePlain(inside: Inside, user: string, password: string): Promise<string> {
  const secret = Buffer.from(`\0${user}\0${password}`).toString('base64');
  try {
    const answer = await inside.exec('AUTHENTICATE', [
      { type: 'ATOM', value: 'PLAIN' },
      { type: 'ATOM', value: secret, sensitive: true },
    ]);
    answer.next();
    return user;
  } catch (error) {
    if (error instanceof Error)
      Object.assign(error, {
        authenticationFailed: true,
        serverResponseCode: answeredCode(error)?.toUpperCase(),
      });
    throw error;
  }
}
