// Other people's programs that tests use where they are installed. A test that goes without one says so on stderr;
// MAILKEEP_REQUIRE_SERVERS=1 (the CI) makes it fail instead.

import { spawnSync } from 'node:child_process';

const asked = new Map<string, boolean>();

/** For `test.skipIf(program('unzip', '-v').missing)`; `probe` is an argument with which it only shows itself. */
export function program(name: string, probe = '--version'): { readonly missing: boolean } {
  let missing = asked.get(name);
  if (missing === undefined) {
    missing = spawnSync(name, [probe], { stdio: 'ignore' }).error !== undefined;
    asked.set(name, missing);
    if (missing) console.warn(`SKIPPED what needs ${name}: it is not installed`);
  }
  return { missing: missing && process.env.MAILKEEP_REQUIRE_SERVERS !== '1' };
}
