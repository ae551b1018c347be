/**
 * A thread of its own that makes headers searchable while a run stores mail, so that the run doesn't wait
 * for it. It reads what index.db has recorded; being told to go on is only a hint, and asking it to finish
 * means: everything recorded before is entered when it answers.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { HeaderIndex } from './header-index.js';

const index = new HeaderIndex((workerData as { root: string }).root);
const { signal } = new AbortController();
let working: Promise<void> | null = null;

parentPort!.on('message', (message: 'go' | 'finish') => {
  if (message === 'go') {
    working ??= index.enter(signal).finally(() => {
      working = null;
    });
    return;
  }
  void finish();
});

async function finish(): Promise<void> {
  // What was recorded since the work began may not be in it.
  await working;
  await index.enterRest(signal);
  index.close();
  parentPort!.close();
}
