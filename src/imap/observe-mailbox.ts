/**
 * Observes one mailbox: visits it until the answers add up, from what changed to everything there is. What shows
 * only part of a mailbox is never taken for all of it.
 */
import { MailboxError } from '../core/errors.js';
import type { Observation, ObserveRequest } from '../core/ports/source.js';
import { decodeCheckpoint } from './checkpoint.js';
import { concludeVisit, planVisit, type VisitKind } from './plan-visit.js';
import type { MailboxReader } from './reader.js';
import { type WindowLimit, windowProblem } from './window-limit.js';

/** Answers that don't add up are asked for again before the run gives the mailbox up. */
const MAX_VISITS = 4;

export interface ObservedMailbox {
  readonly request: ObserveRequest;
  readonly path: string;
  readonly windowLimit: WindowLimit | null;
  /** Called before the server is asked for anything. */
  readonly asking: () => void;
}

/** A MailboxError is an outcome; whatever else is thrown ended the connection or the run. */
export async function observeMailbox(
  reader: MailboxReader,
  { request, path, windowLimit, asking }: ObservedMailbox,
): Promise<Observation | MailboxError> {
  let kind: VisitKind = 'changes';
  for (let attempt = 1; ; attempt++) {
    const visit = planVisit(request, path, reader.tier, kind);
    asking();
    try {
      const outcome = concludeVisit(request, visit, await reader.visit(visit), attempt >= MAX_VISITS);
      if (typeof outcome !== 'string') return withinWindow(outcome, windowLimit);
      kind = outcome;
    } catch (error) {
      if (!(error instanceof MailboxError)) throw error;
      // RFC 7162 3.1.2.2: CHANGEDSINCE is refused once a mailbox has lost its MODSEQs.
      if (kind !== 'changes' || request.checkpoint === null) return error;
      kind = 'everything';
    }
  }
}

function withinWindow(observation: Observation, limit: WindowLimit | null): Observation {
  const problem = windowProblem(observation.exists, limit);
  if (problem === null) return observation;
  return { ...observation, roster: null, vanished: null, incomplete: observation.incomplete ?? problem };
}

/** Octets that may have to be fetched, as far as the listing tells: behind the UIDs that were seen before. */
export function octetsOfArrivals(request: ObserveRequest, { listing, sameIdSpace }: Observation): number {
  const first = sameIdSpace ? (decodeCheckpoint(request.checkpoint)?.uidNext ?? 1) : 1;
  let octets = 0;
  for (let row = 0; row < listing.length; row++)
    if (listing.uid(row) >= first) octets += Math.max(0, listing.size(row));
  return octets;
}
