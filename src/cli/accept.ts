/** `mailkeep accept`: a person says that the deletions which caused a hold were meant. */

import { printable } from '../core/text/printable.js';
import { acceptLosses } from '../wiring/sync.js';
import { chooseAccount } from './accounts.js';
import { EXIT } from './exit-code.js';
import { print, printJson, type Verb } from './io.js';

export async function accept(verb: Verb, name: string): Promise<number> {
  const { config, wiring } = await verb.load();
  const account = chooseAccount(config, name);
  const reason = await acceptLosses(wiring, account);
  if (verb.options.json) printJson(verb, { account: account.name, released: reason !== null, reason });
  else if (reason === null) print(verb, `${account.name} is not on hold`);
  else print(verb, `${account.name}: hold released (${printable(reason)}); the next sync follows the server`);
  return EXIT.ok;
}
