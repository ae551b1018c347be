/**
 * A thread of its own that makes headers searchable while a run stores mail, so that the run doesn't wait
 * for it. It reads what index.db has recorded; being told to go on is only a hint, and asking it to finish
 * means: everything recorded before is entered when it answers.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { enterHeaders } from '../jobs/enter-headers.js';
import { MaildirStore } from '../maildir/store.js';
import { factsReader } from '../mime/facts.js';
import { SearchIndex } from '../sqlite/search-index.js';

const { root } = workerData as { root: string };
const search = SearchIndex.open(join(root, 'search.db'), join(root, 'index.db'));
const store = new MaildirStore(root);
const signal = new AbortController().signal;
let working: Promise<void> | null = null;

parentPort!.on('message', (message: 'go' | 'finish') => {
  if (message === 'go') {
    working ??= work().finally(() => {
      working = null;
    });
    return;
  }
  void finish();
});

async function finish(): Promise<void> {
  // What was recorded since the work began may not be in it.
  await working;
  // What was lost or pruned may have come back.
  if (search.hasLost()) search.reconcile();
  await work();
  search.close();
  parentPort!.postMessage('finished');
  parentPort!.close();
}

function work(): Promise<void> {
  return enterHeaders(
    { search, header: (place, most) => store.header(place, most), facts: factsReader },
    { signal },
  );
}
