import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ListedMessage, Listing, NOT_ASKED } from '../../src/core/mailbox/listing.js';

function listingOf(rows: readonly ListedMessage[]): Listing {
  const listing = new Listing();
  for (const row of rows) listing.add(row);
  return listing;
}

const whole = { flags: '\\Seen', size: 10, receivedAt: 1_200_000_000, emailId: 'M1', labels: null };
const flagsOnly = { flags: '\\Flagged', size: NOT_ASKED, receivedAt: null, emailId: null, labels: null };

describe('a listing', () => {
  test('comes in ascending order with each UID once, whatever order it was told in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (uids) => {
        const listing = listingOf(uids.map((uid) => ({ uid, ...whole })));
        const ordered = Array.from(listing.order(), (row) => listing.at(row).uid);
        expect(ordered).toEqual([...new Set(uids)].sort((a, b) => a - b));
      }),
    );
  });

  test('takes the last flags of a UID that comes again and keeps the size and date of its first row', () => {
    const listing = listingOf([
      { uid: 3, ...whole },
      { uid: 4, ...whole },
      { uid: 3, ...flagsOnly },
    ]);
    expect(Array.from(listing.order(), (row) => listing.at(row))).toEqual([
      { uid: 3, ...whole, flags: '\\Flagged' },
      { uid: 4, ...whole },
    ]);
  });

  test('takes size and date from the later row where that is the one that tells them', () => {
    const listing = listingOf([
      { uid: 3, ...flagsOnly },
      { uid: 3, ...whole },
    ]);
    expect(Array.from(listing.order(), (row) => listing.at(row))).toEqual([{ uid: 3, ...whole }]);
  });

  test('puts together what a server tells of one message in three rows', () => {
    const listing = listingOf([
      { uid: 3, ...flagsOnly, size: 77 },
      { uid: 3, ...flagsOnly, receivedAt: 5 },
      { uid: 3, ...flagsOnly, emailId: 'M9' },
    ]);
    const expected = { uid: 3, flags: '\\Flagged', size: 77, receivedAt: 5, emailId: 'M9', labels: null };
    expect(Array.from(listing.order(), (row) => listing.at(row))).toEqual([expected]);
  });
});
