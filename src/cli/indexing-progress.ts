/** How far the search index is, for whoever waits for it. */
import type { IndexingProgress as Counts } from '../wiring/index-text.js';
import type { Verb } from './io.js';
import { liveLineOf } from './live-line.js';

export interface IndexingProgress {
  readonly update: (account: { readonly name: string }, progress: Counts) => void;
  readonly stop: () => void;
}

export function indexingProgress(verb: Verb): IndexingProgress {
  const line = liveLineOf(verb);
  return {
    update: ({ name }, { step, read, total }) =>
      line.update(
        () => (total === 0 ? null : read / total),
        () =>
          `${name}: indexing ${step}, ${read.toLocaleString('en')} of ${total.toLocaleString('en')} messages`,
      ),
    stop: line.clear,
  };
}
