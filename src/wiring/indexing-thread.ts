/**
 * A thread that indexes an archive behind everything else that the machine does, and so do those that it starts.
 * `background-indexing.ts` starts it and hears what it tells.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type ErrorCode, MailkeepError } from '../core/errors.js';
import { GivingWay, stepBack } from './give-way.js';
import { type IndexingProgress, type IndexingReport, indexArchive } from './index-text.js';
import { TEXT_LIMITS } from './text-pool.js';

export interface IndexingTask {
  readonly root: string;
}

export type IndexingNews =
  | { readonly kind: 'progress'; readonly progress: IndexingProgress }
  | { readonly kind: 'report'; readonly report: IndexingReport }
  | { readonly kind: 'failed'; readonly message: string; readonly code: ErrorCode; readonly hint?: string };

/** A thread that others keep from the processors takes longer over a message, and the message can't help it. */
const PATIENCE = 10;

const LIMITS = { ...TEXT_LIMITS, milliseconds: TEXT_LIMITS.milliseconds * PATIENCE };

/** Often enough for a line that is read by a person. */
const PROGRESS_EVERY_MS = 100;

if (parentPort !== null) void work(workerData as IndexingTask);

async function work({ root }: IndexingTask): Promise<void> {
  const stop = new AbortController();
  const tell = (news: IndexingNews) => parentPort!.postMessage(news);
  parentPort!.once('message', () => stop.abort());
  stepBack();
  let last = 0;
  try {
    const report = await indexArchive(root, {
      signal: stop.signal,
      limits: LIMITS,
      givingWay: new GivingWay(),
      onProgress: (progress) => {
        const now = performance.now();
        if (now - last < PROGRESS_EVERY_MS && progress.read < progress.total) return;
        last = now;
        tell({ kind: 'progress', progress });
      },
    });
    tell({ kind: 'report', report });
  } catch (error) {
    // Any other ends the thread, which tells it.
    if (!(error instanceof MailkeepError)) throw error;
    const { message, code, hint } = error;
    tell({ kind: 'failed', message, code, ...(hint === null ? {} : { hint }) });
  } finally {
    parentPort!.close();
  }
}
