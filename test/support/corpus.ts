// Real messages with all their faults. They stand outside the project; MAILKEEP_CORPUS may name their folder.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';

const FOLDER =
  process.env.MAILKEEP_CORPUS ?? fileURLToPath(new URL('../../../shared/corpus', import.meta.url));
const MANIFEST = join(FOLDER, 'MANIFEST.tsv');

/** `describe` for a suite on the corpus: skipped in plain sight where there is none. */
export function describeWithCorpus(name: string, body: () => void): void {
  describe(name, () => {
    if (existsSync(MANIFEST)) return body();
    const message = `skipped, there is no corpus at ${FOLDER} (MAILKEEP_CORPUS names another folder)`;
    console.warn(`SKIPPED "${name}": ${message}`);
    test.skip(message, () => {});
  });
}

/** Without those that have no octet: a server has no such messages. */
export function corpusMessages(): Buffer[] {
  const [head, ...rows] = readFileSync(MANIFEST, 'utf8').trimEnd().split('\n');
  const column = head!.split('\t').indexOf('file');
  return rows
    .map((row) => readFileSync(join(FOLDER, row.split('\t')[column]!)))
    .filter((body) => body.length > 0);
}
