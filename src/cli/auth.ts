/** `mailkeep auth`: the OAuth2 sign-in of one account. What the person has to do is told on stderr. */
import { createInterface } from 'node:readline';
import { runSignIn, trySignIn } from '../wiring/auth.js';
import { chooseAccount } from './accounts.js';
import { EXIT } from './exit-code.js';
import { print, printJson, type Verb } from './io.js';

export interface AuthFlags {
  readonly browser: boolean;
}

export async function auth(verb: Verb, name: string, flags: AuthFlags): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, name);
  const { stdin, stderr } = verb.terminal;
  const lines = createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY });
  try {
    const { flow, tokens } = await runSignIn(wiring, account, {
      tell: (text) => stderr.write(`${text}\n`),
      lines,
      signal: verb.signal,
      browser: flags.browser,
    });
    // Not every token opens the mailbox: a scope may be missing, or IMAP switched off.
    await trySignIn(wiring, account, verb.signal);
    if (verb.options.json) {
      printJson(verb, {
        account: name,
        flow,
        scope: tokens.scope,
        expires_at: new Date(tokens.expiresAt).toISOString(),
        renewable: tokens.refreshToken !== null,
      });
    } else {
      print(verb, `${name}: signed in as ${account.user}; the mail server takes it`);
      if (tokens.refreshToken === null)
        stderr.write(
          'mailkeep: warning: the provider gave no refresh token, so this ends with the access token\n',
        );
    }
    return EXIT.ok;
  } finally {
    lines.close();
    stdin.pause();
  }
}
