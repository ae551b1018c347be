/**
 * Finds the configuration file and reads its text. A file that was asked for by name must be there; the
 * usual places are tried in turn, and one that is there but can't be read is an error, not a reason to
 * go on with another file.
 */
import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, resolve as resolvePath } from 'node:path';
import { ConfigError } from '../core/errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigSource {
  readonly env: Environment;
  /** The user's home folder; null when there is none. */
  readonly home: string | null;
  readonly workingFolder: string;
  /** From --config; null: look in the usual places. */
  readonly file: string | null;
  /** From --data-dir; null: what the file says. */
  readonly dataDir: string | null;
}

export interface ConfigFile {
  /** As it was named or found. */
  readonly file: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Far beyond any configuration, far below what hurts. */
const MOST_BYTES = 1024 * 1024;

/** @throws ConfigError */
export async function readConfigFile(source: ConfigSource): Promise<ConfigFile> {
  const places = candidates(source);
  for (const { file, named } of places) {
    try {
      return await readWhole(file, resolvePath(source.workingFolder, file));
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      const code = errorCode(error);
      const absent = code === 'ENOENT' || code === 'ENOTDIR';
      if (!absent) throw unreadable(file, code, error);
      if (named) {
        const hint = 'nothing was done; mailkeep init writes one, config.example.yaml shows every key';
        throw new ConfigError(`${file}: there is no such file`, { hint, cause: error });
      }
    }
  }
  throw new ConfigError(`no configuration file; looked for ${places.map(({ file }) => file).join(' and ')}`, {
    hint: 'nothing was done; mailkeep init writes one, --config FILE names another place',
  });
}

interface Candidate {
  readonly file: string;
  /** Asked for by name, so it must be there. */
  readonly named: boolean;
}

function candidates({ env, home, file }: ConfigSource): Candidate[] {
  if (file !== null) return [{ file, named: true }];
  if (env.MAILKEEP_CONFIG) return [{ file: env.MAILKEEP_CONFIG, named: true }];
  const configHome = xdgFolder(env.XDG_CONFIG_HOME, home, '.config');
  const usual = configHome === null ? [] : [join(configHome, 'mailkeep', 'config.yaml')];
  return [...usual, '/etc/mailkeep/config.yaml'].map((path) => ({ file: path, named: false }));
}

/** The XDG base directory specification has relative values ignored. */
export function xdgFolder(value: string | undefined, home: string | null, inHome: string): string | null {
  if (value && isAbsolute(value)) return value;
  return home === null ? null : join(home, inHome);
}

async function readWhole(file: string, path: string): Promise<ConfigFile> {
  const handle = await open(path, 'r');
  try {
    // Asked of the open file, so that the permissions are those of the bytes that are read.
    const stat = await handle.stat();
    if (stat.isDirectory()) {
      throw new ConfigError(`${file}: this is a folder`, {
        hint: `name the file, such as ${join(file, 'config.yaml')}`,
      });
    }
    return { file, text: decode(await readBounded(handle, file), file), mode: stat.mode };
  } finally {
    await handle.close();
  }
}

async function readBounded(handle: FileHandle, file: string): Promise<Buffer> {
  const bytes = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (;;) {
    // A pipe (--config <(...)) has no size to ask for and gives its bytes piecemeal.
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length > MOST_BYTES) {
      throw new ConfigError(`${file}: larger than ${MOST_BYTES} bytes`, {
        hint: 'is this the configuration file?',
      });
    }
  }
}

function decode(bytes: Buffer, file: string): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let line = 1;
  for (let start = 0; ; line++) {
    // No UTF-8 sequence holds a line feed, so the lines can be judged one by one.
    const end = bytes.indexOf(0x0a, start);
    if (end < 0 || !isUtf8(bytes.subarray(start, end))) break;
    start = end + 1;
  }
  throw new ConfigError(`${file}:${line}:1: bytes that are not UTF-8`, { hint: 'save the file as UTF-8' });
}

function unreadable(file: string, code: string, cause: unknown): ConfigError {
  if (code === 'EACCES' || code === 'EPERM') {
    const hint = 'run mailkeep as the user who owns the file';
    return new ConfigError(`${file}: no permission to read it`, { hint, cause });
  }
  return new ConfigError(`${file}: cannot be read (${code})`, { hint: 'is the disk in order?', cause });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
