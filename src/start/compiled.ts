/**
 * The program is one file, dist/mailkeep.js, and what V8 compiled of it lies beside it: reading that is several times
 * as fast as compiling again, which took longer than all else a short command does. V8 refuses what another version
 * of it made, or other flags; then it compiles for itself.
 */
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';

const PROGRAM = join(import.meta.dirname, 'mailkeep.js');
/** Written by warm-up. */
export const CODE_CACHE = join(import.meta.dirname, 'mailkeep.cache');

export function compile(cachedData: Buffer | undefined): Script {
  // The build writes ASCII only, and an octet for each character is the faster way to read it.
  return new Script(Module.wrap(readFileSync(PROGRAM, 'latin1')), {
    filename: PROGRAM,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
}

/** As Node runs a CommonJS module. */
export function run(script: Script): void {
  const module = { exports: {} };
  const begin = script.runInThisContext() as (...of: unknown[]) => void;
  begin(module.exports, createRequire(PROGRAM), module, PROGRAM, dirname(PROGRAM));
}
