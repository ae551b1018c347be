/** Windows of messages that one command asks for: messages of one mailbox, in the order in which they were asked for. */
import type { FetchRequest } from '../core/ports/source.js';
import type { BodiesJob } from './reader.js';

const MAX_MESSAGES = 250;
/** Small enough to share a large mailbox evenly between connections. */
const MAX_OCTETS = 2 * 1024 * 1024;

export interface Window extends Omit<BodiesJob, 'doubts'> {
  readonly alone: boolean;
  readonly request: FetchRequest;
  readonly sizes: ReadonlyMap<number, number>;
}

export function windowsOf(request: FetchRequest): Window[] {
  const windows: Window[] = [];
  const sizes = new Map(request.items.map(({ uid, size }) => [uid, size]));
  let uids: number[] = [];
  let octets = 0;
  for (const { uid, size } of request.items) {
    if (uids.length > 0 && (uids.length >= MAX_MESSAGES || octets + size > MAX_OCTETS)) {
      windows.push(windowOf(request, uids, sizes));
      uids = [];
      octets = 0;
    }
    uids.push(uid);
    octets += size;
  }
  if (uids.length > 0) windows.push(windowOf(request, uids, sizes));
  return windows;
}

export function windowOf(
  request: FetchRequest,
  uids: readonly number[],
  sizes: ReadonlyMap<number, number>,
): Window {
  const weight = uids.reduce((sum, uid) => sum + (sizes.get(uid) ?? 0), 0);
  const { wireName, path, uidValidity } = request;
  return { request, sizes, wireName, path, uidValidity, uids, weight, alone: false };
}

/** Of the UIDs that are left of a window, where the whole of it can't be had. */
export function halves(window: Window, uids: readonly number[]): Window[] {
  const middle = Math.ceil(uids.length / 2);
  return [uids.slice(0, middle), uids.slice(middle)]
    .filter((half) => half.length > 0)
    .map((half) => windowOf(window.request, half, window.sizes));
}
