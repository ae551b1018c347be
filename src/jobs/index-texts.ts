/**
 * Makes the text of stored mail searchable. Messages are read elsewhere, several at once; what was read is
 * entered in batches, so an interruption costs a batch and the next call goes on behind it. A message that
 * breaks its reader is marked and not read again; one whose file is not there waits.
 */
import type { SearchIndexWriter, TextOutcome, UnreadMessage } from '../core/ports/search.js';

export interface TextReader {
  /** How many messages it can read at once. */
  readonly width: number;
  /** Null where there is no file, or reading was stopped. Never throws for what a message holds. */
  read(message: UnreadMessage): Promise<TextOutcome | null>;
}

export interface TextProgress {
  readonly read: number;
  readonly total: number;
}

/** Rows asked for at once. */
const PAGE = 1_000;

/** A transaction of so many messages or characters keeps others waiting for some hundredths of a second. */
const BATCH_MESSAGES = 64;
const BATCH_CHARACTERS = 1_000_000;

/** Returns how many messages were read, the broken ones included. */
export async function indexTexts(
  ports: {
    readonly search: Pick<SearchIndexWriter, 'unreadTexts' | 'enterTexts' | 'unindexed'>;
    readonly reader: TextReader;
  },
  options: { readonly signal: AbortSignal; readonly onProgress?: (progress: TextProgress) => void },
): Promise<number> {
  const total = ports.search.unindexed().waiting;
  const batch = new TextBatch(ports.search);
  const queue = waiting(ports.search);
  let read = 0;
  const work = async () => {
    for (const message of queue) {
      if (options.signal.aborted) return;
      const outcome = await ports.reader.read(message);
      if (outcome === null) continue;
      batch.add(outcome);
      read += 1;
      options.onProgress?.({ read, total });
    }
  };
  try {
    await Promise.all(Array.from({ length: ports.reader.width }, work));
  } finally {
    // Also after an error: what was read is worth keeping.
    batch.flush();
  }
  return read;
}

/** Each once, whatever becomes of it. */
function* waiting(search: Pick<SearchIndexWriter, 'unreadTexts'>): Generator<UnreadMessage> {
  for (let after = 0; ; ) {
    const page = search.unreadTexts(after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

class TextBatch {
  readonly #search: Pick<SearchIndexWriter, 'enterTexts'>;
  #texts: TextOutcome[] = [];
  #characters = 0;

  constructor(search: Pick<SearchIndexWriter, 'enterTexts'>) {
    this.#search = search;
  }

  add(outcome: TextOutcome): void {
    this.#texts.push(outcome);
    this.#characters += 'broken' in outcome.read ? 0 : outcome.read.words.length;
    if (this.#texts.length >= BATCH_MESSAGES || this.#characters >= BATCH_CHARACTERS) this.flush();
  }

  flush(): void {
    const texts = this.#texts;
    this.#texts = [];
    this.#characters = 0;
    if (texts.length > 0) this.#search.enterTexts(texts);
  }
}
