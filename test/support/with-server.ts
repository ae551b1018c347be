// Suites that need a real server. Without the server they are skipped, but never silently: the reason stands in
// the suite's name and on stderr. MAILKEEP_REQUIRE_SERVERS=1 (the CI) turns the skip into a failure.

import { describe, test } from 'vitest';

export interface ServerKind {
  readonly label: string;
  /** Why the server can't run here, with the remedy; undefined when it can. */
  readonly whyNot: () => string | undefined | Promise<string | undefined>;
}

/** `describe` for a suite that needs `kind`. */
export function describeWithServer(kind: ServerKind, name: string, body: () => void): void {
  describe(name, async () => {
    const reason = await kind.whyNot();
    if (reason === undefined) return body();
    const message = `${kind.label} is needed: ${reason}`;
    if (process.env.MAILKEEP_REQUIRE_SERVERS === '1') {
      test(message, () => {
        throw new Error(message);
      });
      return;
    }
    console.warn(`SKIPPED "${name}": ${message}`);
    test.skip(`skipped, ${message}`, () => {});
  });
}
