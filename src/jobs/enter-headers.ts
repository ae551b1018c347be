/**
 * Makes the headers of stored mail searchable: reads what the search index lacks, page by page. It may be
 * stopped at any time and started again by anybody; a file that moves away meanwhile is read from where it
 * went by whoever comes next.
 */
import type { FactsReader } from '../core/message/message-facts.js';
import {
  MAX_SEARCH_HEADER,
  type ReadHeader,
  type SearchIndexWriter,
  type UnreadMessage,
} from '../core/ports/search.js';
import type { FilePlace } from '../core/ports/store.js';

export interface HeaderPorts {
  readonly search: Pick<SearchIndexWriter, 'isBehind' | 'missingHeaders' | 'unreadHeaders' | 'enterHeaders'>;
  /** The first octets of a message file with its header block, at most so many; null if there is none. */
  readonly header: (place: FilePlace, most: number) => Uint8Array | null;
  readonly facts: Pick<FactsReader, 'headerFacts'>;
}

export interface HeaderProgress {
  readonly read: number;
  readonly total: number;
}

/** Messages of one transaction. */
const PAGE = 500;

export async function enterHeaders(
  ports: HeaderPorts,
  options: {
    readonly signal: AbortSignal;
    readonly most?: number;
    readonly onProgress?: (progress: HeaderProgress) => void;
    /** Waited for after each transaction. */
    readonly between?: () => Promise<void>;
  },
): Promise<void> {
  const most = options.most ?? Number.POSITIVE_INFINITY;
  let entered = 0;
  let total: number | null = null;
  while (entered < most && !options.signal.aborted && ports.search.isBehind()) {
    const unread = ports.search.unreadHeaders(Math.min(PAGE, most - entered));
    if (unread.length === 0) return;
    const headers: ReadHeader[] = [];
    for (const message of unread) headers.push(await readHeader(ports, message));
    ports.search.enterHeaders(headers);
    entered += headers.length;
    await options.between?.();
    if (options.onProgress === undefined) continue;
    total ??= entered + ports.search.missingHeaders();
    options.onProgress({ read: entered, total });
  }
}

async function readHeader(ports: HeaderPorts, { id, sha256, place }: UnreadMessage): Promise<ReadHeader> {
  const start = place === null ? null : ports.header(place, MAX_SEARCH_HEADER);
  return { id, sha256, facts: start === null ? null : await ports.facts.headerFacts(start) };
}
