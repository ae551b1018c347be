/**
 * Turns a configured reference into the secret at the moment it is needed. An error says what to do and
 * never holds the secret; a secret of several lines is refused, because no password has a line break and
 * one sent to a server could end a command there.
 */
import { join } from 'node:path';
import { CredentialsError, throwIfAborted } from '../core/errors.js';
import type { SecretReference } from '../core/ports/credential.js';
import { Secret } from '../core/secret.js';
import { fromKeyring } from './keyring.js';
import { readSecretFile } from './read-secret-file.js';
import { runCommand } from './run-command.js';

export interface ResolveOptions {
  /** For password_env and $CREDENTIALS_DIRECTORY; also the whole environment of a password_command. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Hears what is risky but works: a password file that others can read. */
  readonly warn?: (message: string) => void;
  /** How long a password_command may take; 30 seconds unless said otherwise. */
  readonly timeoutMs?: number;
}

const COMMAND_TIMEOUT_MS = 30_000;

/**
 * May be called again; each call asks anew, so a rotated password is seen.
 * @throws CredentialsError when the secret can't be had
 * @throws InterruptedError when the signal fires
 */
export async function resolveSecret(reference: SecretReference, options: ResolveOptions): Promise<Secret> {
  throwIfAborted(options.signal);
  switch (reference.kind) {
    case 'password':
      return reference.value;
    case 'env':
      return secretFromVariable(reference.name, options);
    case 'file': {
      const { text, mode } = await readSecretFile(reference.path, 'password_file');
      if ((mode & 0o044) !== 0) {
        options.warn?.(`others can read ${reference.path}; run: chmod 600 ${reference.path}`);
      }
      return oneLine(text, `password_file ${reference.path}`, 'keep only the password in the file');
    }
    case 'credential':
      return await secretFromSystemd(reference.name, options);
    case 'command': {
      const name = `password_command "${reference.words[0]}"`;
      const output = await runCommand(reference, {
        env: options.env,
        signal: options.signal,
        timeoutMs: options.timeoutMs ?? COMMAND_TIMEOUT_MS,
        name,
      });
      const hint = 'let it print only the password, such as ["sh", "-c", "pass show NAME | head -n 1"]';
      return oneLine(output, name, hint);
    }
    case 'keyring': {
      const { env, signal, timeoutMs = COMMAND_TIMEOUT_MS } = options;
      const output = await fromKeyring(reference, { env, signal, timeoutMs });
      return oneLine(output, 'password_keyring', 'store only the password in the entry');
    }
  }
}

function secretFromVariable(name: string, { env }: ResolveOptions): Secret {
  const text = env[name];
  if (text === undefined) {
    const hint = 'set it for the process that runs mailkeep (systemd: Environment= or EnvironmentFile=)';
    throw new CredentialsError(`password_env: the environment has no ${name}`, { hint });
  }
  return oneLine(text, `password_env ${name}`, 'set it to the password alone');
}

async function secretFromSystemd(name: string, { env }: ResolveOptions): Promise<Secret> {
  const folder = env.CREDENTIALS_DIRECTORY;
  const hint = `add LoadCredential=${name}:/path/to/the/secret to the systemd unit`;
  if (!folder) throw new CredentialsError('password_credential: $CREDENTIALS_DIRECTORY is not set', { hint });
  if (name === '.' || name === '..' || !/^[^/\0]+$/.test(name)) {
    throw new CredentialsError('password_credential: not a plain file name', {
      hint: 'name it without a folder',
    });
  }
  // systemd keeps these files from others by other means than their mode.
  const { text } = await readSecretFile(join(folder, name), 'password_credential', hint);
  return oneLine(text, `password_credential ${name}`, 'keep only the password in the credential');
}

/** Cuts the one line break that editors and `echo` leave behind. */
function oneLine(text: string, source: string, hint: string): Secret {
  const line = text.replace(/\r?\n$/, '');
  if (line === '') throw new CredentialsError(`${source}: empty`, { hint });
  if (line.includes('\n') || line.includes('\r'))
    throw new CredentialsError(`${source}: more than one line`, { hint });
  if (line.includes('\0')) throw new CredentialsError(`${source}: holds a NUL character`, { hint });
  return new Secret(line);
}
