// An unreliable link. Each connection gets one fault, drawn from a seeded generator or given by the test, and
// applied to one direction at a byte count, so the same seed breaks the same connection at the same byte.

import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { type Random, randomFrom } from './random.js';
import { type Pair, startTcpProxy, type Target, type TcpProxy } from './tcp-proxy.js';

/** `afterBytes` counts the bytes of the fault's direction that still get through. */
export type Fault =
  | { readonly kind: 'none' }
  /** Orderly end (fin) or reset (rst) of both sides. */
  | { readonly kind: 'cut'; readonly afterBytes: number; readonly how: 'fin' | 'rst' }
  /** Nothing more in either direction, while the connection stays open until one side gives up. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Loses `dropBytes` bytes, lets what was read with them through, then ends the connection. */
  | { readonly kind: 'truncate'; readonly afterBytes: number; readonly dropBytes: number }
  /** The first `bytes` bytes come in segments of 1 to `size` bytes. */
  | { readonly kind: 'split'; readonly size: number; readonly bytes: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number };

export type FaultKind = Fault['kind'];

export type Direction = 'down' | 'up';

export interface Plan {
  readonly fault: Fault;
  /** down: server to client. */
  readonly direction: Direction;
}

export interface ChaosOptions {
  readonly seed: number;
  /** What to draw from; default everything that ends or delays a connection without stalling it for good. */
  readonly kinds?: readonly FaultKind[];
  readonly directions?: readonly Direction[];
  /** Faults strike between byte 1 and this one, evenly over the orders of magnitude; default 200,000. */
  readonly mostBytes?: number;
  /** Decides instead of the draw; `number` counts connections from 1. */
  readonly plan?: (number: number, random: Random) => Plan;
}

export interface ChaosProxy extends TcpProxy {
  /** While true, new connections pass untouched. */
  transparent: boolean;
  /** What each connection met so far. */
  readonly plans: readonly Plan[];
  /** Seed and plans in one line, for a failure message. */
  describe(): string;
}

const DEFAULT_KINDS: readonly FaultKind[] = ['none', 'cut', 'truncate', 'split', 'slow'];

export async function startChaosProxy(target: Target, options: ChaosOptions): Promise<ChaosProxy> {
  const random = randomFrom(options.seed);
  const plans: Plan[] = [];
  const decide = options.plan ?? (() => draw(random, options));
  const proxy = await startTcpProxy(target, (pair) => {
    // Drawn in any case, so that a transparent stretch does not shift the later draws.
    const drawn = decide(pair.number, random);
    const plan: Plan = chaos.transparent ? { fault: { kind: 'none' }, direction: 'down' } : drawn;
    plans.push(plan);
    connect(pair, plan, randomFrom(options.seed + pair.number));
  });
  const chaos: ChaosProxy = {
    ...proxy,
    transparent: false,
    plans,
    describe: () => `chaos seed ${options.seed}: ${plans.map((plan) => JSON.stringify(plan)).join(' ')}`,
  };
  return chaos;
}

function draw(random: Random, options: ChaosOptions): Plan {
  const kind = random.pick(options.kinds ?? DEFAULT_KINDS);
  const direction = random.pick<Direction>(options.directions ?? ['down', 'up']);
  const afterBytes = random.logUniform(1, options.mostBytes ?? 200_000);
  return { fault: faultOf(kind, afterBytes, random), direction };
}

function faultOf(kind: FaultKind, afterBytes: number, random: Random): Fault {
  switch (kind) {
    case 'none':
      return { kind };
    case 'cut':
      return { kind, afterBytes, how: random.pick(['fin', 'rst']) };
    case 'stall':
      return { kind, afterBytes };
    case 'truncate':
      return { kind, afterBytes, dropBytes: random.integer(1, 1000) };
    case 'split':
      return { kind, size: random.integer(1, 17), bytes: Math.min(afterBytes, 20_000) };
    case 'slow':
      return { kind, bytesPerSecond: random.logUniform(20_000, 2_000_000) };
  }
}

function connect({ client, server }: Pair, { fault, direction }: Plan, random: Random): void {
  const link: Link = { client, server, stalled: false, ended: false };
  const untouched: Fault = { kind: 'none' };
  void pump(client, server, direction === 'up' ? fault : untouched, link, random);
  void pump(server, client, direction === 'down' ? fault : untouched, link, random);
}

interface Link extends Omit<Pair, 'number'> {
  stalled: boolean;
  ended: boolean;
}

/**
 * Ends both sides; the first call decides how. Bytes already written still arrive before a FIN; a reset may
 * overtake them, as on a real link.
 */
function end(link: Link, how: 'fin' | 'rst'): void {
  if (link.ended) return;
  link.ended = true;
  for (const socket of [link.client, link.server]) {
    if (how === 'rst') socket.resetAndDestroy();
    else socket.destroySoon();
  }
}

/** Carries one direction until its end; what `fault` does to it is decided here, byte count by byte count. */
async function pump(from: Socket, to: Socket, fault: Fault, link: Link, random: Random): Promise<void> {
  let passed = 0;
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (link.stalled) continue;
      const room = 'afterBytes' in fault ? fault.afterBytes - passed : Number.POSITIVE_INFINITY;
      passed += chunk.length;
      if (chunk.length < room) {
        await deliver(to, chunk, fault, passed - chunk.length, random);
        continue;
      }
      await write(to, chunk.subarray(0, room));
      if (fault.kind === 'cut') return end(link, fault.how);
      if (fault.kind === 'stall') link.stalled = true;
      if (fault.kind === 'truncate') {
        await write(to, chunk.subarray(room + fault.dropBytes));
        return end(link, 'fin');
      }
    }
    if (link.stalled) end(link, 'rst');
    else to.end();
  } catch {
    // The source was reset, or the sink is gone: the other side learns it the same way.
    end(link, 'rst');
  }
}

async function deliver(
  to: Socket,
  chunk: Buffer,
  fault: Fault,
  start: number,
  random: Random,
): Promise<void> {
  if (fault.kind === 'slow') return deliverSlowly(to, chunk, fault.bytesPerSecond);
  let at = 0;
  while (fault.kind === 'split' && at < chunk.length && start + at < fault.bytes) {
    const end = Math.min(chunk.length, at + random.integer(1, fault.size));
    await write(to, chunk.subarray(at, end));
    // The receiver gets a turn to read, else the kernel would join the segments again.
    await nextTurn();
    at = end;
  }
  await write(to, chunk.subarray(at));
}

async function deliverSlowly(to: Socket, chunk: Buffer, bytesPerSecond: number): Promise<void> {
  const slice = Math.max(1, Math.round(bytesPerSecond / 50));
  for (let at = 0; at < chunk.length; at += slice) {
    await write(to, chunk.subarray(at, at + slice));
    await pause(20);
  }
}

function write(to: Socket, bytes: Buffer): Promise<void> {
  if (bytes.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    to.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
