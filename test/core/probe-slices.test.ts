import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choosePlaces, PROBE_SLICE, sliceOffsets } from '../../src/core/sync/probe-slices.js';

const places = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
  minLength: 16,
  maxLength: 16,
});

describe('the places of a probe', () => {
  test('lie in the message, ascending, and are a small part of it', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), places, (size, drawn) => {
        const offsets = sliceOffsets(size, drawn);
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
        for (const offset of offsets) expect(offset + PROBE_SLICE).toBeLessThan(size);
        expect(offsets.length * PROBE_SLICE).toBeLessThanOrEqual(size / 4);
      }),
    );
  });

  test('are shared by messages of like size', () => {
    fc.assert(
      fc.property(places, fc.integer({ min: 131_073, max: 262_144 }), (drawn, size) => {
        const largest = sliceOffsets(262_144, drawn);
        expect(largest).toEqual(expect.arrayContaining(sliceOffsets(size, drawn)));
      }),
    );
  });

  test('are sixteen, evenly drawn, in large messages', () => {
    const drawn = choosePlaces(
      (
        (n) => () =>
          n++ / 16
      )(0),
    );
    expect(sliceOffsets(2 ** 20, drawn)).toEqual(drawn.map((place) => place * 2 ** 20));
    expect(sliceOffsets(4000, drawn)).toEqual([]);
  });
});
