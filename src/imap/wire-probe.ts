/**
 * Just enough of each message to tell it from any other in practice: its header block, the start of its body,
 * its end, and slices at places between. All of it is asked for at once.
 */
import type { Probe } from '../core/ports/source.js';
import { PROBE_SLICE, sliceOffsets } from '../core/sync/probe-slices.js';
import { collecting } from './body-sinks.js';
import { slicesOf } from './probe-plan.js';
import type { BodiesJob } from './reader.js';
import { fetchBodies } from './wire/commands/fetch-bodies.js';
import type { WireSession } from './wire/session.js';
import { UidSet } from './wire/uid-set.js';

export interface ProbeRequest {
  readonly job: BodiesJob;
  /** By UID, octets. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Where the slices lie, as shares of a message. */
  readonly places: readonly number[];
  readonly signal: AbortSignal;
}

/** Of the mailbox that the session has opened or is opening; a message that is not told whole is left out. */
export async function fetchProbes(
  session: WireSession,
  { job, sizes, places, signal }: ProbeRequest,
): Promise<Map<number, Probe>> {
  const uids = UidSet.from(job.uids);
  const options = { signal, weight: job.weight };
  const headers = new Map<number, Buffer>();
  const texts = new Map<number, Buffer>();
  const tails = new Map<number, Buffer>();
  const into = (found: Map<number, Buffer>) => collecting(({ uid }, octets) => found.set(uid, octets));
  const slices = new Map<number, Map<number, Buffer>>();
  const sliceInto = (offset: number) => {
    const found = new Map<number, Buffer>();
    slices.set(offset, found);
    return into(found);
  };
  const answers = [
    fetchBodies(session, uids, 'HEADER', into(headers), options),
    fetchBodies(session, uids, 'TEXT', into(texts), {
      ...options,
      partial: { offset: 0, octets: PROBE_SLICE },
    }),
    ...job.uids.map((uid) => {
      const partial = { offset: tailOf(sizes.get(uid)), octets: PROBE_SLICE };
      return fetchBodies(session, UidSet.of(uid), '', into(tails), {
        signal,
        partial,
        weight: PROBE_SLICE,
      });
    }),
    ...slicesOf(job.uids, sizes, places).map(({ offset, uids: own }) =>
      fetchBodies(session, UidSet.from(own), '', sliceInto(offset), {
        signal,
        partial: { offset, octets: PROBE_SLICE },
        weight: own.length * PROBE_SLICE,
      }),
    ),
  ];
  await Promise.all(answers);
  const probes = new Map<number, Probe>();
  for (const uid of job.uids) {
    const [header, text, tail] = [headers.get(uid), texts.get(uid), tails.get(uid)];
    if (header === undefined || text === undefined || tail === undefined) continue;
    const between = sliceOffsets(sizes.get(uid) ?? 0, places).map((offset) => ({
      offset,
      octets: slices.get(offset)?.get(uid)?.subarray(0, PROBE_SLICE) ?? null,
    }));
    if (!between.every(isFound)) continue;
    probes.set(uid, {
      header,
      slices: [
        { offset: header.length, octets: text.subarray(0, PROBE_SLICE) },
        { offset: tailOf(sizes.get(uid)), octets: tail.subarray(0, PROBE_SLICE) },
        ...between,
      ],
    });
  }
  return probes;
}

function isFound(slice: {
  offset: number;
  octets: Buffer | null;
}): slice is { offset: number; octets: Buffer } {
  return slice.octets !== null;
}

function tailOf(size: number | undefined): number {
  return Math.max(0, (size ?? 0) - PROBE_SLICE);
}
