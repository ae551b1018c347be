/** The octets of a message on their way out of the archive: what is not what its hash says never leaves whole. */
import type { SelectedPlacement } from '../core/ports/archive.js';
import type { AppendItem } from '../core/ports/restore.js';
import type { MessageStore } from '../core/ports/store.js';
import { otherTree, type ProvenStreamPorts, provenStream } from './proven-stream.js';

export interface ContentPorts extends ProvenStreamPorts {
  readonly store: Pick<MessageStore, 'read' | 'measure'>;
  readonly digest: (data: Uint8Array) => string;
}

type Content = AppendItem['content'];

/** Larger messages are streamed from disk instead of held in memory. */
const IN_MEMORY = 1024 * 1024;

/** The content, or the reason why it can't be sent. */
export function provenContent(ports: ContentPorts, placement: SelectedPlacement): Promise<Content | string> {
  return inEitherTree(placement, (at) => contentAt(ports, at));
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

async function contentAt(ports: ContentPorts, placement: SelectedPlacement): Promise<Content | string> {
  if (placement.size > IN_MEMORY) return streamAt(ports, placement);
  const octets = await readWhole(ports.store.read(placement.place), placement.size).catch(() => null);
  if (octets === null) return MISSING;
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

/** Throws RangeError for more octets than `size`. */
async function readWhole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  let whole: Uint8Array | null = null;
  let at = 0;
  for await (const chunk of chunks) {
    if (whole === null && chunk.length === size) return chunk;
    whole ??= new Uint8Array(size);
    whole.set(chunk, at);
    at += chunk.length;
  }
  return (whole ?? new Uint8Array(0)).subarray(0, at);
}
