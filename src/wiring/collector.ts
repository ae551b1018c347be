/** Node's collector, for the few who know better than V8 when it is due: it collects when it needs room. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Collector {
  /** Everything; some hundredths of a second. */
  readonly all: () => void;
  /** What was made lately, socket buffers among it; some thousandths. */
  readonly recent: () => void;
}

let collector: Collector | null = null;

/** Node hands it out to those that are started with --expose-gc, or to a context that is made under that flag. */
export function nodeCollector(): Collector {
  if (collector === null) {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
    setFlagsFromString('--no-expose-gc');
    collector = { all: () => collect(), recent: () => collect({ type: 'minor' }) };
  }
  return collector;
}
