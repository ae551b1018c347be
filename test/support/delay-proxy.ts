// A longer way to the server: every byte arrives `delayMs` later, in each direction, without loss of throughput.
// It counts what a link would see, so that a test can hold a command to a number of round trips instead of a time.

import type { Socket } from 'node:net';
import { startTcpProxy, type Target, type TcpProxy } from './tcp-proxy.js';

export interface Traffic {
  readonly connections: number;
  /** Client to server. */
  readonly bytesUp: number;
  /** Server to client. */
  readonly bytesDown: number;
  /**
   * How often a client spoke after hearing from the server, over all connections: each is a wait for an answer in
   * the worst case, so a client that pipelines stays far below the number of its commands.
   */
  readonly roundTrips: number;
}

export interface DelayProxy extends TcpProxy {
  /** Counted since the start or the last reset. */
  traffic(): Traffic;
  resetTraffic(): void;
}

/** Half a connection may hold this much on the way before the sender is held back. */
const MOST_ON_THE_WAY = 16 << 20;

const NO_TRAFFIC: Traffic = { connections: 0, bytesUp: 0, bytesDown: 0, roundTrips: 0 };

/** `delayMs` is for one way: 25 makes a round trip of 50 ms. */
export async function startDelayProxy(target: Target, delayMs: number): Promise<DelayProxy> {
  let traffic = { ...NO_TRAFFIC };
  const proxy = await startTcpProxy(target, ({ client, server }) => {
    traffic.connections += 1;
    let heard = false;
    forwardLater(client, server, delayMs, (bytes) => {
      traffic.bytesUp += bytes;
      if (heard) traffic.roundTrips += 1;
      heard = false;
    });
    forwardLater(server, client, delayMs, (bytes) => {
      traffic.bytesDown += bytes;
      heard = true;
    });
  });
  return {
    ...proxy,
    traffic: () => ({ ...traffic }),
    resetTraffic: () => {
      traffic = { ...NO_TRAFFIC };
    },
  };
}

/** Timers of one duration fire in the order they were set, which keeps the bytes in order. */
function forwardLater(from: Socket, to: Socket, delayMs: number, seen: (bytes: number) => void): void {
  let onTheWay = 0;
  const arrived = (bytes: number) => {
    onTheWay -= bytes;
    if (onTheWay < MOST_ON_THE_WAY) from.resume();
  };
  from.on('data', (chunk) => {
    seen(chunk.length);
    onTheWay += chunk.length;
    if (onTheWay >= MOST_ON_THE_WAY) from.pause();
    setTimeout(() => {
      if (to.writable) to.write(chunk, () => arrived(chunk.length));
    }, delayMs);
  });
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('close', (failed) => {
    if (failed) setTimeout(() => to.resetAndDestroy(), delayMs);
    else setTimeout(() => to.end(), delayMs);
  });
}
