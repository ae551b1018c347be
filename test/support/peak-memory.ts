/** How much memory a process had at its fullest, as the kernel counts it. Linux only. */

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LOOK_MS = 20;

/**
 * Looks until `ended` settles and gives its value with the peak, in MiB. The kernel keeps the highest value, so
 * only what comes behind the last look is missed. Throws where there was none.
 */
export async function withPeakMemory<T>(
  child: ChildProcess,
  ended: Promise<T>,
): Promise<{ ended: T; peakMiB: number }> {
  let peakMiB = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakMiB = Math.max(peakMiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    } catch {
      // It has ended.
    }
  }, LOOK_MS);
  const value = await ended.finally(() => clearInterval(watch));
  if (peakMiB === 0) throw new Error('the process ended before its memory could be read');
  return { ended: value, peakMiB };
}
