/**
 * The tokens of one account, in `oauth.json` beside its archive: a file of mode 0600 that is replaced as a whole,
 * so that whoever reads it while another process refreshes gets the old ones or the new ones. Access tokens are
 * kept with it: a command that runs every few minutes need not ask for one each time.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError, CredentialsError, describeError } from '../core/errors.js';

export interface Tokens {
  /** For which client they were made: another one can't use them. */
  readonly clientId: string;
  readonly refreshToken: string | null;
  readonly accessToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly obtainedAt: number;
  /** What was granted, as the provider says it. */
  readonly scope: string | null;
}

/** null where nobody has signed in. Throws CredentialsError for a file that is none of ours. */
export function readTokens(file: string): Tokens | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw unreadable(file, describeError(error));
  }
  try {
    return tokensFrom(JSON.parse(text) as Record<string, unknown>);
  } catch {
    // A parser quotes what it can't read, and that may be a token.
    throw unreadable(file, 'it is not what mailkeep writes');
  }
}

/** Durable when it returns. Throws ArchiveError. */
export async function writeTokens(file: string, tokens: Tokens): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const document = {
    version: 1,
    client_id: tokens.clientId,
    refresh_token: tokens.refreshToken,
    access_token: tokens.accessToken,
    expires_at: new Date(tokens.expiresAt).toISOString(),
    obtained_at: new Date(tokens.obtainedAt).toISOString(),
    scope: tokens.scope,
  };
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(`${JSON.stringify(document, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    renameSync(temporary, file);
    await syncFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new ArchiveError(`cannot write ${file}: ${describeError(error)}`, {
      code: 'io',
      hint: 'check data_dir in the config, its permissions and the room on the disk',
      cause: error,
    });
  }
}

function tokensFrom(document: Record<string, unknown>): Tokens {
  const text = (name: string) => {
    const value = document[name];
    if (typeof value !== 'string' || value === '') throw new TypeError(name);
    return value;
  };
  const moment = (name: string) => {
    const at = Date.parse(text(name));
    if (Number.isNaN(at)) throw new TypeError(name);
    return at;
  };
  if (document.version !== 1) throw new TypeError('version');
  return {
    clientId: text('client_id'),
    refreshToken: document.refresh_token === null ? null : text('refresh_token'),
    accessToken: text('access_token'),
    expiresAt: moment('expires_at'),
    obtainedAt: moment('obtained_at'),
    scope: document.scope === null ? null : text('scope'),
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, why: string): CredentialsError {
  return new CredentialsError(`cannot use ${file}: ${why}`, {
    hint: 'move it away and run mailkeep auth for this account',
  });
}
