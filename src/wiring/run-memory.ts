/**
 * Keeps the memory of a run that moves much mail near to what it needs. V8 collects when its heap needs room, and
 * neither the socket's buffers nor what a batch is known by until it is recorded make it hurry: tens of megabytes
 * of both would lie there dead. A run knows how much has passed, and has that collected. What is dead costs
 * nothing to collect, so this takes no time to speak of.
 */
import { getHeapStatistics } from 'node:v8';
import { type Collector, nodeCollector } from './collector.js';

/** What may pass until the buffers and rows that were made for it are collected. */
const RECENT_OCTETS = 8 * 1024 * 1024;
const RECENT_MESSAGES = 1000;
/** Octets by which the heap may grow until all of it is looked through. */
const GROWTH = 12 * 1024 * 1024;

/** Since the run began. */
export interface Passed {
  readonly messages: number;
  readonly bytes: number;
}

export class RunMemory {
  readonly #collector: () => Collector;
  readonly #used: () => number;
  #last: Passed = { messages: 0, bytes: 0 };
  /** Octets in use when the heap was last looked through, or when it was first asked about. */
  #needed: number | null = null;

  constructor(
    collector: () => Collector = nodeCollector,
    used: () => number = () => getHeapStatistics().used_heap_size,
  ) {
    this.#collector = collector;
    this.#used = used;
  }

  /** To be told of every message; most of the time nothing happens. */
  passed({ messages, bytes }: Passed): void {
    if (bytes - this.#last.bytes < RECENT_OCTETS && messages - this.#last.messages < RECENT_MESSAGES) return;
    this.#last = { messages, bytes };
    const collector = this.#collector();
    collector.recent();
    this.#needed ??= this.#used();
    if (this.#used() - this.#needed < GROWTH) return;
    collector.all();
    this.#needed = this.#used();
  }
}
