/**
 * Indexes an archive while the process does other things, such as syncing: on a thread of its own, which also
 * writes, since a transaction of the text index would hold the other work up.
 */
import { Worker } from 'node:worker_threads';
import type { AccountConfig } from '../config/config.js';
import { ArchiveError } from '../core/errors.js';
import type { IndexingReport, IndexingRequest } from './index-text.js';
import type { IndexingNews, IndexingTask } from './indexing-thread.js';
import { openSearch } from './open-search.js';
import type { Wiring } from './wiring.js';

/** As runIndexing, behind everything else that the machine does. */
export async function runIndexingBehind(
  wiring: Wiring,
  account: AccountConfig,
  { signal, onProgress }: IndexingRequest,
): Promise<IndexingReport> {
  // Here it migrates, and throws what the caller knows by its class.
  openSearch(wiring, account).close();
  const workerData: IndexingTask = { root: wiring.root(account) };
  const worker = new Worker(new URL('./indexing-thread.js', import.meta.url), {
    workerData,
    // What a parser writes to the console is no output of ours.
    stdout: true,
    stderr: true,
  });
  const stop = () => worker.postMessage('stop');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await new Promise((resolve, reject) => {
      worker.on('message', (news: IndexingNews) => {
        if (news.kind === 'progress') onProgress?.(news.progress);
        else if (news.kind === 'report') resolve(news.report);
        else reject(new ArchiveError(news.message, news));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the thread that indexes ended before its work')));
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
