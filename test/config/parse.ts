/** Parses a config text the way a private file of that name would be, or returns its mistakes. */
import type { Config } from '../../src/config/config.js';
import { type ConfigText, parseConfig } from '../../src/config/load.js';
import { ConfigError } from '../../src/core/errors.js';

const PRIVATE_FILE: ConfigText = {
  env: {},
  home: '/home/me',
  workingFolder: '/work',
  file: '/etc/mailkeep/c.yaml',
  dataDir: null,
  mode: 0o100600,
};

export function parse(text: string, changes: Partial<ConfigText> = {}): Config {
  return parseConfig(text, { ...PRIVATE_FILE, ...changes });
}

/** The error's lines without the file's name. */
export function mistakesIn(text: string, changes: Partial<ConfigText> = {}): string[] {
  try {
    parse(text, changes);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const file = changes.file ?? PRIVATE_FILE.file;
    return error.message
      .split('\n')
      .map((line) => (line.startsWith(`${file}:`) ? line.slice(file.length + 1) : line));
  }
  return [];
}
