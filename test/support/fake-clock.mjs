// Loaded before a program (NODE_OPTIONS=--import=...): its wall clock is what the test says, and goes faster, as do
// its timers. FAKE_CLOCK names a file with the milliseconds to add, which is read again at SIGUSR2: a machine that
// slept, or was told another time.

import { readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const SPEED = Number(process.env.FAKE_CLOCK_SPEED);

const RealDate = Date;
const realTimeout = setTimeout;
const startedAt = RealDate.now();
let offset = added();

if (isMainThread) {
  process.on('SIGUSR2', () => {
    offset = added();
  });
}

globalThis.Date = class extends RealDate {
  constructor(...words) {
    if (words.length === 0) super(now());
    else super(...words);
  }

  static now() {
    return now();
  }
};

globalThis.setTimeout = Object.assign(
  (work, milliseconds, ...words) => realTimeout(work, (milliseconds ?? 0) / SPEED, ...words),
  realTimeout,
);

function now() {
  return startedAt + (RealDate.now() - startedAt) * SPEED + offset;
}

function added() {
  return Number(readFileSync(process.env.FAKE_CLOCK, 'utf8'));
}
