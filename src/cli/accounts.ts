/** Which accounts a command is about: the named ones, or all that are enabled. */
import type { AccountConfig, Config } from '../config/config.js';
import { UsageError } from '../core/errors.js';
import { closestWord } from '../core/text/closest-word.js';

export function chooseAccounts(config: Config, names: readonly string[]): AccountConfig[] {
  if (names.length === 0) {
    const enabled = config.accounts.filter((account) => account.enabled);
    if (enabled.length > 0) return enabled;
    throw new UsageError(
      `every account in ${config.file} has enabled: false`,
      'nothing was done; name the account that is meant, or take enabled: false out',
    );
  }
  return [...new Set(names)].map((name) => chooseAccount(config, name));
}

export function chooseAccount(config: Config, name: string): AccountConfig {
  const account = config.accounts.find((candidate) => candidate.name === name);
  if (account !== undefined) return account;
  const known = config.accounts.map((candidate) => candidate.name);
  const guess = closestWord(
    name.toLowerCase(),
    known.map((candidate) => candidate.toLowerCase()),
  );
  const meant = known.find((candidate) => candidate.toLowerCase() === guess);
  throw new UsageError(
    `there is no account called ${JSON.stringify(name)}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    `nothing was done; the config has: ${known.join(', ')}`,
  );
}
