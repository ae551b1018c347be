/**
 * Observations on their way into the index: those of many small mailboxes share one transaction, a large one
 * has its own. Folders are made first, so that a mailbox in the index has a folder on disk.
 */
import type { SpineChange } from '../core/ports/sync-index.js';
import type { SyncContext } from './sync-context.js';

const MAX_MAILBOXES = 500;
const MAX_ROWS = 20_000;

export class SpineBatch {
  readonly #context: SyncContext;
  #changes: SpineChange[] = [];
  #folders: string[] = [];
  #rows = 0;

  constructor(context: SyncContext) {
    this.#context = context;
  }

  /** `folder`: to be made for a mailbox seen for the first time, or null. */
  async add(change: SpineChange, folder: string | null): Promise<void> {
    this.#changes.push(change);
    if (folder !== null) this.#folders.push(folder);
    this.#rows += change.listing.length + change.plan.vanished.length;
    if (this.#changes.length >= MAX_MAILBOXES || this.#rows >= MAX_ROWS) await this.flush();
  }

  async flush(): Promise<void> {
    const [changes, folders] = [this.#changes, this.#folders];
    this.#changes = [];
    this.#folders = [];
    this.#rows = 0;
    if (!this.#context.options.dryRun) await this.#context.ports.store.prepareFolders('mail', folders);
    this.#context.ports.index.applySpines(changes);
  }
}
