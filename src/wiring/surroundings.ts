/** What comes from the process and not from the configuration, and the few plain functions jobs are given. */
import { createHash, randomInt } from 'node:crypto';
import { homedir } from 'node:os';
import type { Config } from '../config/config.js';
import type { Environment } from '../config/config-file.js';
import { loadConfig } from '../config/load.js';
import type { RunningHash } from '../core/ports/running-hash.js';

export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: () => number;
  /** Hears what is risky but works. */
  readonly warn: (message: string) => void;
  /** Filled at each connection with TLS: when the server's certificate ends, by account. */
  readonly certificateEnds: Map<string, number>;
}

export function readConfig(
  around: Surroundings,
  options: { file: string | null; dataDir: string | null },
): Promise<Config> {
  return loadConfig({
    env: around.env,
    home: around.env.HOME ?? homedir(),
    workingFolder: around.cwd,
    file: options.file,
    dataDir: options.dataDir,
  });
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

export function startSha256(): RunningHash {
  const hash = createHash('sha256');
  return { update: (chunk) => void hash.update(chunk), hex: () => hash.digest('hex') };
}

/** In the zone of this machine, where the person who asks lives. */
export function startOfLocalDay(year: number, month: number, day: number): number {
  return new Date(year, month - 1, day).getTime();
}

/** From 0 to below 1. */
export function unforeseeable(): number {
  return randomInt(2 ** 47) / 2 ** 47;
}
