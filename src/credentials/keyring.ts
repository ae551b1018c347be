/**
 * A password from the desktop's keyring (the Secret Service of GNOME Keyring, KWallet, KeePassXC), by the program
 * secret-tool of libsecret: the bus protocol with its encrypted sessions is not worth a dependency that is built
 * against it. The secret comes over a pipe, and nothing of it is in an argument.
 */

import type { SecretReference } from '../core/ports/credential.js';
import { shellWord } from '../core/text/command-words.js';
import { type RunOptions, runCommand } from './run-command.js';

const PROGRAM = 'secret-tool';

/** The entry with the attributes `service` and `account`. Throws CredentialsError and InterruptedError. */
export function fromKeyring(
  { service, account }: Extract<SecretReference, { kind: 'keyring' }>,
  options: Pick<RunOptions, 'env' | 'signal' | 'timeoutMs'>,
): Promise<string> {
  const words = [PROGRAM, 'lookup', 'service', service, 'account', account];
  return runCommand(
    { words, folder: '/' },
    {
      ...options,
      name: 'password_keyring',
      hints: {
        missing: 'install secret-tool: apt-get install libsecret-tools, or dnf install libsecret',
        failed: `is the keyring unlocked, and is there an entry? ${PROGRAM} store --label=mailkeep service ${shellWord(service)} account ${shellWord(account)}`,
      },
    },
  );
}
