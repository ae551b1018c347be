/**
 * Finds, reads and checks the configuration file. The promise: either a complete Config, or one
 * ConfigError that names every mistake of the file as `file:line:column: path: what was expected`, in
 * file order, without a secret in it. Environment, home and working folder come in as arguments.
 */
import { dirname, join, resolve as resolvePath } from 'node:path';
import { ConfigError } from '../core/errors.js';
import type { Config } from './config.js';
import { type ConfigSource, readConfigFile, xdgFolder } from './config-file.js';
import { crossChecks } from './cross-checks.js';
import { type ConfigDocument, type PlacedMistake, readDocument } from './document.js';
import { type Mistake, mistakesOf, showPath } from './mistakes.js';
import { resolveConfig } from './resolve.js';
import { configSchema } from './schema.js';

const MOST_MISTAKES = 50;

/** @throws ConfigError */
export async function loadConfig(source: ConfigSource): Promise<Config> {
  const { file, text, mode } = await readConfigFile(source);
  return parseConfig(text, { ...source, file, mode });
}

export interface ConfigText extends ConfigSource {
  /** Named in mistakes; relative paths in the text are relative to its folder. */
  readonly file: string;
  /** The file's permission bits; null for a text that is no file yet. */
  readonly mode: number | null;
}

/** @throws ConfigError */
export function parseConfig(text: string, source: ConfigText): Config {
  const document = readDocument(text);
  const mistakes: PlacedMistake[] = [...document.mistakes];
  const dataDir = { override: absoluteOrNull(source.dataDir, source), fallback: defaultDataDir(source) };
  if (document.value === undefined) throw mistaken(source.file, mistakes);
  const checked = configSchema.safeParse(document.value);
  const found = [
    ...mistakesOf(checked.error?.issues ?? [], document.value),
    ...crossChecks(document.value, {
      file: source.file,
      mode: source.mode,
      dataDirKnown: dataDir.override !== null || dataDir.fallback !== null,
    }),
  ];
  mistakes.push(...found.map((mistake) => placedIn(document, mistake)));
  if (mistakes.length > 0 || !checked.success) throw mistaken(source.file, mistakes);
  return resolveConfig(checked.data, {
    file: source.file,
    folder: dirname(resolvePath(source.workingFolder, source.file)),
    home: source.home,
    dataDir,
  });
}

function placedIn(document: ConfigDocument, mistake: Mistake): PlacedMistake {
  const path = mistake.unnamed ? mistake.path.slice(0, -1) : mistake.path;
  return { ...document.locate(mistake), path, message: mistake.message };
}

function mistaken(file: string, mistakes: readonly PlacedMistake[]): ConfigError {
  const inFileOrder = mistakes.toSorted((one, other) => one.line - other.line || one.column - other.column);
  const lines = inFileOrder.map(({ line, column, path, message }) => {
    const where = path.length === 0 ? '' : `${showPath(path)}: `;
    return `${file}:${line}:${column}: ${where}${message}`;
  });
  const different = [...new Set(lines)];
  const shown = different.slice(0, MOST_MISTAKES);
  if (different.length > shown.length) shown.push(`and ${different.length - shown.length} more`);
  return new ConfigError(shown.join('\n'), { hint: 'nothing was done; config.example.yaml shows every key' });
}

function defaultDataDir({ env, home }: ConfigSource): string | null {
  // systemd lists several folders when the unit names several.
  const stateFolder = env.STATE_DIRECTORY?.split(':')[0];
  if (stateFolder) return resolvePath('/', stateFolder);
  const dataHome = xdgFolder(env.XDG_DATA_HOME, home, '.local/share');
  return dataHome === null ? null : join(dataHome, 'mailkeep');
}

function absoluteOrNull(path: string | null, { workingFolder }: ConfigSource): string | null {
  return path === null ? null : resolvePath(workingFolder, path);
}
