/** The search index of an archive that is being written to: makes headers of what is recorded searchable. */
import { join } from 'node:path';
import { enterHeaders } from '../jobs/enter-headers.js';
import { MaildirStore } from '../maildir/store.js';
import { factsReader } from '../mime/facts.js';
import { SearchIndex } from '../sqlite/search-index.js';

export class HeaderIndex {
  readonly #search: SearchIndex;
  readonly #store: MaildirStore;

  /** `root` is `<data_dir>/<account>`. */
  constructor(root: string) {
    this.#search = SearchIndex.open(join(root, 'search.db'), join(root, 'index.db'));
    this.#store = new MaildirStore(root);
  }

  /** What is recorded and not entered yet. */
  enter(signal: AbortSignal): Promise<void> {
    const header = (...file: Parameters<MaildirStore['header']>) => this.#store.header(...file);
    return enterHeaders({ search: this.#search, header, facts: factsReader }, { signal });
  }

  /** At the end of a run: also what was lost or pruned and has come back. */
  async enterRest(signal: AbortSignal): Promise<void> {
    if (this.#search.hasLost()) this.#search.reconcile();
    await this.enter(signal);
  }

  close(): void {
    this.#search.close();
  }
}
