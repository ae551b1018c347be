/** How far the text index is, on stderr: one line that is rewritten on a terminal, a calm line every 10 s elsewhere. */
import type { TextProgress } from '../jobs/index-texts.js';
import type { Verb } from './io.js';

export interface IndexingProgress {
  readonly update: (account: { readonly name: string }, progress: TextProgress) => void;
  readonly stop: () => void;
}

const TTY_INTERVAL_MS = 200;
const PLAIN_INTERVAL_MS = 10_000;

export function indexingProgress(verb: Verb): IndexingProgress {
  if (verb.options.quiet || verb.options.json) return { update: () => undefined, stop: () => undefined };
  const { stderr } = verb.terminal;
  const tty = stderr.isTTY === true;
  let last = verb.around.clock();
  let shown = false;
  return {
    update: ({ name }, { read, total }) => {
      const now = verb.around.clock();
      if (now - last < (tty ? TTY_INTERVAL_MS : PLAIN_INTERVAL_MS)) return;
      last = now;
      shown = tty;
      const line = `${name}: indexing text, ${read.toLocaleString('en')} of ${total.toLocaleString('en')} messages`;
      stderr.write(
        tty ? `\r\u001b[K${line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}` : `${line}\n`,
      );
    },
    stop: () => {
      if (shown) stderr.write('\r\u001b[K');
    },
  };
}
