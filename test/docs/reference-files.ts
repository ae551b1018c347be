// The files under docs/ that are made from the program: what each has to hold. `npm run docs` writes them, and
// reference.test.ts compares.

import { EXIT_MEANINGS } from '../../src/cli/exit-code.js';
import { buildProgram } from '../../src/cli/program.js';
import { referenceOf } from '../../src/cli/reference/facts.js';
import { manPage } from '../../src/cli/reference/man-page.js';
import { commandsMarkdown } from '../../src/cli/reference/markdown.js';
import { configJsonSchema } from '../../src/config/json-schema.js';

/** By path from the top of the project. */
export function referenceFiles(): ReadonlyMap<string, string> {
  const reference = referenceOf(buildProgram('0.0.0', async () => {}));
  const codes = Object.keys(EXIT_MEANINGS).map(Number);
  return new Map([
    ['docs/commands.md', commandsMarkdown(reference)],
    ['docs/man/mailkeep.1', manPage(reference, codes)],
    ['docs/config.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ]);
}
