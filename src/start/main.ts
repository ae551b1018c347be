#!/usr/bin/env node
/** dist/main.js: runs the program, with what V8 compiled of it when it was built or installed. */
import { readFileSync } from 'node:fs';
import { CODE_CACHE, compile, run } from './compiled.js';

// A batch of files is fsynced at once, and a slow disk is quicker for many than for four. Read at the pool's first use.
process.env.UV_THREADPOOL_SIZE ??= '16';
run(compile(codeCache()));

function codeCache(): Buffer | undefined {
  try {
    return readFileSync(CODE_CACHE);
  } catch {
    // Not installed by npm, or with its scripts switched off: slower, and all the same otherwise.
    return undefined;
  }
}
