// npm run docs: writes the files under docs/ that are made from the program.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { referenceFiles } from './reference-files.js';

for (const [file, text] of referenceFiles()) {
  const path = resolve(import.meta.dirname, '../..', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(file);
}
