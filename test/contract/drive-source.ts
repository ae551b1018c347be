// Asks a source the way the jobs do, and keeps what they would make of the answers.

import { expect } from 'vitest';
import { canonicalFlags } from '../../src/core/mailbox/flags.js';
import { displayPath } from '../../src/core/mailbox/mailbox-path.js';
import type {
  BodyReceiver,
  FetchRequest,
  Observation,
  ObserveRequest,
  PolledMailbox,
  Probe,
  Source,
} from '../../src/core/ports/source.js';
import { PlacementRows } from '../../src/core/sync/base-placements.js';
import { planSync } from '../../src/core/sync/plan-sync.js';
import type { MailboxState } from '../support/server-state.js';

/** What the jobs would hold of one mailbox. */
export interface View {
  readonly checkpoint: string | null;
  readonly flags: ReadonlyMap<number, string>;
}

export const NEVER: View = { checkpoint: null, flags: new Map() };

export function flagsOf({ messages }: MailboxState): Map<number, string> {
  return new Map([...messages].map(([uid, { flags }]) => [uid, canonicalFlags(flags)]));
}

export function baseOf(view: View): PlacementRows {
  const sorted = [...view.flags].sort(([a], [b]) => a - b);
  return new PlacementRows(
    Uint32Array.from(sorted, ([uid]) => uid),
    sorted.map(([, flags]) => flags),
  );
}

/** What the jobs make of an observation. */
export function follow(view: View, observation: Observation): View {
  const base = observation.sameIdSpace ? baseOf(view) : baseOf(NEVER);
  const plan = planSync(base, observation);
  const flags = new Map(observation.sameIdSpace ? view.flags : []);
  for (const row of [...plan.appeared, ...plan.reflagged]) {
    const { uid, flags: own } = observation.listing.at(row);
    flags.set(uid, own);
  }
  for (const uid of plan.vanished) flags.delete(uid);
  return { checkpoint: observation.checkpoint, flags };
}

export async function find(source: Source, path: string, view: View = NEVER): Promise<PolledMailbox> {
  const first = await source.poll(new Map());
  const found = first.find((mailbox) => displayPath(mailbox.path) === path);
  if (found === undefined) throw new Error(`${path} is not listed`);
  if (view.checkpoint === null) return found;
  const polled = await source.poll(new Map([[found.wireName, view.checkpoint]]));
  return polled.find((mailbox) => mailbox.wireName === found.wireName)!;
}

function requestFor(wireName: string, view: View, full: boolean): ObserveRequest {
  return { wireName, checkpoint: view.checkpoint, known: baseOf(view).uids, full };
}

export async function observe(
  source: Source,
  wireName: string,
  view: View,
  full = false,
): Promise<Observation> {
  const outcomes: (Observation | Error)[] = [];
  await source.observe([requestFor(wireName, view, full)], (_, outcome) => {
    outcomes.push(outcome);
  });
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome === undefined || outcome instanceof Error) throw outcome;
  return outcome;
}

export async function observeAll(
  source: Source,
  polled: readonly PolledMailbox[],
): Promise<(Observation | Error | undefined)[]> {
  const requests = polled.map(({ wireName }) => requestFor(wireName, NEVER, false));
  const outcomes = new Map<ObserveRequest, Observation | Error>();
  await source.observe(requests, (request, outcome) => {
    outcomes.set(request, outcome);
  });
  expect(outcomes.size).toBe(requests.length);
  return requests.map((request) => outcomes.get(request));
}

export function rowsOf({ listing }: Observation) {
  return Array.from(listing.order(), (row) => listing.at(row));
}

export function requestOf(wireName: string, observation: Observation): FetchRequest {
  const items = rowsOf(observation).map(({ uid, size }) => ({ uid, size }));
  return { wireName, path: wireName, uidValidity: observation.uidValidity, items };
}

export interface Received {
  readonly bodies: Map<number, Buffer>;
  readonly failed: { uid: number; reason: string }[];
  readonly mailboxFailed: string[];
}

export async function fetchBodies(source: Source, ...requests: FetchRequest[]): Promise<Received> {
  const received: Received = { bodies: new Map(), failed: [], mailboxFailed: [] };
  const receiver: BodyReceiver = {
    begin: (request, uid) => {
      expect(request.items.some((item) => item.uid === uid)).toBe(true);
      const chunks: Buffer[] = [];
      return {
        write: (chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        end: () => {
          expect(received.bodies.has(uid)).toBe(false);
          received.bodies.set(uid, Buffer.concat(chunks));
        },
        abort: () => undefined,
      };
    },
    failed: (_, uid, reason) => {
      received.failed.push({ uid, reason });
    },
    mailboxFailed: (_, reason) => {
      received.mailboxFailed.push(reason);
    },
  };
  await source.fetch(requests, receiver);
  return received;
}

/** One of them in the second half, which only the larger messages of a class have. */
const PLACES = [0.3, 0.45, 0.7];

export async function probeAll(source: Source, request: FetchRequest): Promise<Map<number, Probe>> {
  const probes = new Map<number, Probe>();
  await source.probe([request], PLACES, (_, uid, probe) => {
    probes.set(uid, probe);
  });
  return probes;
}
