/** What can happen to bytes on their way, for fast-check to choose from. */
import fc from 'fast-check';

/** One damage done to a transcript. Positions are fractions, so that they fit any length. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'insert'; readonly at: number; readonly byte: number }
  | { readonly kind: 'delete' | 'duplicate'; readonly at: number; readonly octets: number }
  | { readonly kind: 'cut'; readonly at: number };

const fraction = fc.double({ min: 0, max: 0.999999, noNaN: true });

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fraction, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fraction,
    byte: fc.constantFrom(...Buffer.from(' (){}[]<>"\\\r\n\0*+~0919aUx:,')),
  }),
  fc.record({
    kind: fc.constantFrom('delete' as const, 'duplicate' as const),
    at: fraction,
    octets: fc.integer({ min: 1, max: 90 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fraction }),
);

export function mutilate(bytes: Buffer, damages: readonly Damage[]): Buffer {
  let current = bytes;
  for (const one of damages) current = damaged(current, one, Math.floor(one.at * current.length));
  return current;
}

function damaged(bytes: Buffer, one: Damage, at: number): Buffer {
  switch (one.kind) {
    case 'flip': {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at] = copy[at]! ^ (1 << one.bit);
      return copy;
    }
    case 'insert':
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(one.byte), bytes.subarray(at)]);
    case 'delete':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + one.octets)]);
    case 'duplicate':
      return Buffer.concat([bytes.subarray(0, at + one.octets), bytes.subarray(at)]);
    case 'cut':
      return bytes.subarray(0, at);
  }
}
