// A server without LITERAL+ is asked before each message; whether ahead of time or in turn, time tells.

import { describe, expect, test } from 'vitest';
import { AppendPace } from '../../src/imap/append-pace.js';

/** Messages that take `alone` ms each, or `crowded` while another one is under way; counts how many were. */
function scripted(costs: { readonly alone: number; readonly crowded: number }) {
  let [now, underWay, crowded] = [0, 0, 0];
  const send = async (at: number) => {
    underWay += 1;
    await Promise.resolve();
    const isCrowded = underWay > 1;
    if (isCrowded) crowded += 1;
    now += isCrowded ? costs.crowded : costs.alone;
    underWay -= 1;
    return at;
  };
  const pace = new AppendPace(() => now);
  return {
    run: (count: number) => pace.run(Array.from({ length: count }, (_, at) => () => send(at))),
    crowded: () => crowded,
  };
}

describe('AppendPace', () => {
  test('goes on in turn where asking ahead of time makes the server slow', async () => {
    const courier = scripted({ alone: 2, crowded: 44 });
    expect(await courier.run(100)).toEqual(Array.from({ length: 100 }, (_, at) => at));
    const trial = courier.crowded();
    expect(trial).toBeLessThan(10);
    await courier.run(50);
    expect(courier.crowded()).toBe(trial);
  });

  test('goes on ahead of time where that saves the round trip', async () => {
    const far = scripted({ alone: 100, crowded: 50 });
    await far.run(5);
    await far.run(5);
    await far.run(90);
    expect(far.crowded()).toBeGreaterThan(80);
  });
});
