/**
 * One signal that fires with the first of several. Unlike AbortSignal.any it is taken off the long-lived
 * signal when its work is over: Node 20 keeps something of each of those until the long-lived one fires,
 * which for a daemon is never.
 */
export async function withLinked<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  }
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', abort);
  }
}
