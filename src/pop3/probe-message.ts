/** What of a message tells whether it is here already: all of it, or a header block that is one of a kind. */
import { headerField } from '../core/message/header-fields.js';
import type { Probe } from '../core/ports/source.js';
import { RefusedError } from './errors.js';
import type { NumberedMessage } from './maildrop.js';
import type { Session } from './session.js';
import { readTop, type Top } from './top.js';

/** Up to here a message is recognised by all of its octets. */
const PROBED_WHOLE = 16 * 1024;
/** Of longer ones, by their header block, which must be one of a kind, and so many lines. */
const PROBED_LINES = 100;

/** null where what can be asked for would not tell the message from any other. */
export async function probeMessage(
  session: Session,
  { number, size }: NumberedMessage,
): Promise<Probe | null> {
  const isWhole = size <= PROBED_WHOLE;
  let top: Top;
  try {
    top = await readTop(session, number, isWhole ? size : PROBED_LINES);
  } catch (error) {
    // A probe is only a chance to save a download.
    if (error instanceof RefusedError) return null;
    throw error;
  }
  const { header } = top;
  const body = top.body.subarray(0, Math.max(0, size - header.length));
  if (isWhole ? header.length + body.length !== size : !isOneOfAKind(header)) return null;
  return { header, slices: [{ offset: header.length, octets: body }] };
}

/** Written by the server that took the message in, or meant to be unique in the world. */
function isOneOfAKind(header: Uint8Array): boolean {
  return headerField(header, 'received') !== null && headerField(header, 'message-id') !== null;
}
