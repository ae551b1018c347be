/**
 * Reads a small text file that holds a secret. Only a regular file is read, and only so much of it: a
 * pipe could wait forever and a wrong path could be a disk image.
 */
import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CredentialsError } from '../core/errors.js';

export const MOST_SECRET_BYTES = 64 * 1024;

export interface SecretFile {
  readonly text: string;
  /** Permission bits of the very file that was read. */
  readonly mode: number;
}

/**
 * @param key the configuration's key, for the message
 * @param absentHint what to do when there is no such file
 * @throws CredentialsError
 */
export async function readSecretFile(path: string, key: string, absentHint?: string): Promise<SecretFile> {
  const handle = await openFile(path, key, absentHint);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new CredentialsError(`${key}: ${path} is no regular file`, {
        hint: 'name a file that holds the secret',
      });
    }
    const bytes = Buffer.alloc(MOST_SECRET_BYTES + 1);
    let length = 0;
    for (let more = -1; more !== 0 && length < bytes.length; length += more) {
      more = (await handle.read(bytes, length, bytes.length - length, null)).bytesRead;
    }
    if (length > MOST_SECRET_BYTES) {
      const hint = 'is this the right file?';
      throw new CredentialsError(`${key}: ${path} is larger than ${MOST_SECRET_BYTES} bytes`, { hint });
    }
    const secret = bytes.subarray(0, length);
    if (!isUtf8(secret)) {
      throw new CredentialsError(`${key}: ${path} is not UTF-8 text`, {
        hint: 'save the secret as UTF-8 text',
      });
    }
    return { text: secret.toString('utf8'), mode: stat.mode };
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, key: string, absentHint: string | undefined): Promise<FileHandle> {
  try {
    // Opening a pipe without O_NONBLOCK waits for its writer.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : 'unknown';
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const hint = absentHint ?? 'write the secret there, with mode 0600';
      throw new CredentialsError(`${key}: there is no ${path}`, { hint, cause });
    }
    const hint = 'let the user who runs mailkeep read the file';
    throw new CredentialsError(`${key}: ${path} cannot be read (${code})`, { hint, cause });
  }
}
