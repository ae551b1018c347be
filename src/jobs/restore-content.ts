/** The octets of a message on their way out of the archive: what is not what its hash says never leaves whole. */
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { AppendItem } from '../core/ports/restore.js';
import type { MessageReader } from '../core/ports/store.js';
import { otherTree, type ProvenStreamPorts, provenStream } from './proven-stream.js';

export interface ContentPorts extends ProvenStreamPorts {
  readonly store: Pick<MessageReader, 'readInto' | 'read' | 'measure'>;
  readonly digest: (data: Uint8Array) => string;
}

type Content = AppendItem['content'];

/** Larger messages are streamed from disk instead of held in memory. */
export const IN_MEMORY = 512 * 1024;

/**
 * Memory for the messages of one batch, used again for a later one: a buffer for each message would be freed only
 * when the collector comes round to it.
 */
export class BatchMemory {
  readonly #octets: Uint8Array;
  #used = 0;

  constructor(octets: number) {
    this.#octets = new Uint8Array(octets);
  }

  /** What was taken before is overwritten from now on. */
  reuse(): void {
    this.#used = 0;
  }

  take(octets: number): Uint8Array {
    if (this.#used + octets > this.#octets.length) return new Uint8Array(octets);
    this.#used += octets;
    return this.#octets.subarray(this.#used - octets, this.#used);
  }
}

/** The content, or the reason why it can't be sent. */
export function provenContent(
  ports: ContentPorts,
  placement: SelectedPlacement,
  memory: BatchMemory,
): Promise<Content | string> {
  return inEitherTree(placement, (at) => contentAt(ports, at, memory));
}

/** Null where the file is whole. */
export async function damageOf(ports: ContentPorts, placement: SelectedPlacement): Promise<string | null> {
  const found = await inEitherTree(placement, (at) => streamAt(ports, at));
  return typeof found === 'string' ? found : null;
}

/** A sync that runs meanwhile may have moved the file. */
async function inEitherTree(
  placement: SelectedPlacement,
  find: (at: SelectedPlacement) => Promise<Content | string>,
): Promise<Content | string> {
  const found = await find(placement);
  if (found !== MISSING) return found;
  return find({ ...placement, place: otherTree(placement.place) });
}

async function contentAt(
  ports: ContentPorts,
  placement: SelectedPlacement,
  memory: BatchMemory,
): Promise<Content | string> {
  if (placement.size > IN_MEMORY) return streamAt(ports, placement);
  const room = memory.take(placement.size);
  let octets: Uint8Array;
  try {
    // Only what was read: what lies behind it may be of another message.
    octets = room.subarray(0, ports.store.readInto(placement.place, room));
  } catch {
    return MISSING;
  }
  return ports.digest(octets) === placement.sha256 ? () => [octets] : DAMAGED;
}

/** Hashed once more while it is sent: should it change meanwhile, the connection ends before its last octets. */
async function streamAt(ports: ContentPorts, placement: SelectedPlacement): Promise<Content | string> {
  const measured = await ports.store.measure(placement.place).catch(() => null);
  if (measured === null) return MISSING;
  return measured.sha256 === placement.sha256 ? () => provenStream(ports, placement) : DAMAGED;
}

const MISSING = 'its file is missing or cut short, so it was not sent; run mailkeep check';
const DAMAGED = 'its file is damaged, so it was not sent; run mailkeep check';
