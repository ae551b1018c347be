/**
 * Probes through imapflow: its FETCH takes one source slice for all messages of a command, so messages are asked
 * for by the offsets that they share.
 */
import type { FetchMessageObject, FetchQueryObject } from 'imapflow';
import type { Probe } from '../core/ports/source.js';
import { PROBE_SLICE } from '../core/sync/probe-slices.js';
import { type SliceQuery, slicesOf } from './probe-plan.js';

/** FETCH in the mailbox that is open. */
export type FetchMessages = (
  uids: readonly number[],
  query: FetchQueryObject,
  onMessage: (message: FetchMessageObject) => Promise<void>,
) => Promise<unknown>;

export interface ProbeJob {
  readonly uids: readonly number[];
  /** Octets by UID. */
  readonly sizes: ReadonlyMap<number, number>;
  readonly places: readonly number[];
}

/** Messages whose sizes lie this close share a command of a probe. */
const TAIL_STEP = 4096;

/** A message of which any part does not come is passed over. */
export async function fetchProbes(
  fetch: FetchMessages,
  { uids, sizes, places }: ProbeJob,
  receive: (uid: number, probe: Probe) => void | Promise<void>,
): Promise<void> {
  const between = await fetchSlices(fetch, slicesOf(uids, sizes, places));
  for (const [tail, own] of byTail(uids, sizes)) {
    const query: FetchQueryObject = {
      uid: true,
      source: { start: tail, maxLength: PROBE_SLICE + TAIL_STEP },
      headers: true,
      bodyParts: [{ key: 'TEXT', start: 0, maxLength: PROBE_SLICE }],
    };
    const awaited = new Set(own);
    await fetch(own, query, async (message) => {
      const header = message.headers;
      const text = message.bodyParts?.get('text');
      if (!Buffer.isBuffer(header) || !Buffer.isBuffer(text) || !Buffer.isBuffer(message.source)) return;
      if (!awaited.delete(message.uid)) return;
      const slices = between.get(message.uid) ?? [];
      if (slices === null) return;
      await receive(message.uid, {
        header,
        slices: [
          { offset: header.length, octets: text },
          { offset: tail, octets: message.source },
          ...slices,
        ],
      });
    });
  }
}

/** The slices of each message; null where one of them did not come. */
async function fetchSlices(
  fetch: FetchMessages,
  queries: readonly SliceQuery[],
): Promise<Map<number, { offset: number; octets: Buffer }[] | null>> {
  const slices = new Map<number, { offset: number; octets: Buffer }[] | null>();
  for (const { offset, uids } of queries) {
    const source = { start: offset, maxLength: PROBE_SLICE };
    const awaited = new Set(uids);
    await fetch(uids, { uid: true, source }, async (message) => {
      if (!Buffer.isBuffer(message.source) || !awaited.delete(message.uid)) return;
      const own = slices.get(message.uid);
      if (own === undefined) slices.set(message.uid, [{ offset, octets: message.source }]);
      else own?.push({ offset, octets: message.source });
    });
    for (const uid of awaited) slices.set(uid, null);
  }
  return slices;
}

/** UIDs by the offset from which a shared slice reaches the end of each: a command for all of a size, not for each. */
function byTail(uids: readonly number[], sizes: ReadonlyMap<number, number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const uid of uids) {
    const step = Math.max(0, Math.ceil((sizes.get(uid) ?? 0) / TAIL_STEP) - 1);
    const tail = Math.max(0, step * TAIL_STEP - PROBE_SLICE);
    const group = groups.get(tail);
    if (group === undefined) groups.set(tail, [uid]);
    else group.push(uid);
  }
  return groups;
}
