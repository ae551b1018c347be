import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Listing } from '../../src/core/mailbox/listing.js';
import { mailboxPath } from '../../src/core/mailbox/mailbox-path.js';
import type { Observation, PolledMailbox } from '../../src/core/ports/source.js';
import { PlacementRows } from '../../src/core/sync/base-placements.js';
import { planMailboxes } from '../../src/core/sync/plan-mailboxes.js';
import { planSync } from '../../src/core/sync/plan-sync.js';
import { SortedUids } from '../../src/core/sync/sorted-uids.js';

const flags = fc.constantFrom('', '\\Seen', '\\Flagged \\Seen', 'Work');
const mailbox = fc.dictionary(fc.integer({ min: 1, max: 30 }).map(String), flags);
type Mailbox = Record<string, string>;

function baseOf(known: Mailbox) {
  const uids = Object.keys(known)
    .map(Number)
    .sort((a, b) => a - b);
  return new PlacementRows(
    Uint32Array.from(uids),
    uids.map((uid) => known[uid]!),
  );
}

function observed(rows: readonly [number, string][], rest: Partial<Observation>): Observation {
  const listing = new Listing();
  for (const [uid, text] of rows)
    listing.add({ uid, flags: text, size: 1, receivedAt: 1, emailId: null, labels: null });
  return {
    sameIdSpace: true,
    checkpoint: '',
    uidValidity: '1',
    mailboxId: null,
    listing,
    roster: null,
    vanished: null,
    exists: 0,
    incomplete: null,
    ...rest,
  };
}

const entries = (there: Mailbox) =>
  Object.entries(there).map(([uid, text]) => [Number(uid), text] as [number, string]);

describe('the plan for a mailbox', () => {
  test('is the difference, whether the server tells everything or only what changed', () => {
    fc.assert(
      fc.property(mailbox, mailbox, fc.boolean(), fc.array(fc.nat()), (known, there, everything, shuffle) => {
        const rows = entries(there)
          .filter(([uid, text]) => everything || known[uid] !== text)
          .map((row, at) => ({ row, at: shuffle[at % (shuffle.length || 1)] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ row }) => row);
        const gone = Object.keys(known)
          .map(Number)
          .filter((uid) => there[uid] === undefined);
        const observation = observed(
          rows,
          everything
            ? { roster: SortedUids.from(Object.keys(there).map(Number)) }
            : { vanished: SortedUids.from(gone) },
        );
        const plan = planSync(baseOf(known), observation);
        const uidsOf = (rowNumbers: readonly number[]) =>
          rowNumbers.map((row) => observation.listing.uid(row));
        const present = Object.keys(there)
          .map(Number)
          .sort((a, b) => a - b);
        expect(uidsOf(plan.appeared)).toEqual(present.filter((uid) => known[uid] === undefined));
        expect(uidsOf(plan.reflagged)).toEqual(
          present.filter((uid) => known[uid] !== undefined && known[uid] !== there[uid]),
        );
        expect([...plan.vanished]).toEqual(gone.sort((a, b) => a - b));
      }),
    );
  });

  test('lets nothing vanish on an answer that may lack something', () => {
    fc.assert(
      fc.property(mailbox, mailbox, (known, there) => {
        const observation = observed(entries(there), {
          roster: SortedUids.from(Object.keys(there).map(Number)),
          vanished: SortedUids.from(Object.keys(known).map(Number)),
          incomplete: 'the count is wrong',
        });
        const plan = planSync(baseOf(known), observation);
        expect(plan.vanished).toEqual([]);
        expect(plan.incomplete).toBe('the count is wrong');
      }),
    );
  });
});

describe('the plan for the list of mailboxes', () => {
  const polled = (name: string, selectable = true): PolledMailbox => ({
    wireName: name,
    path: mailboxPath(name),
    selectable,
    specialUse: null,
    subscribed: false,
    messages: null,
    uidValidity: null,
    changed: true,
  });
  const known = [
    { id: 1, wireName: 'INBOX', path: 'INBOX' },
    { id: 2, wireName: 'A', path: 'A' },
  ];
  const all = () => true;

  test('takes what is listed no more for gone, and what cannot be opened too', () => {
    const plan = planMailboxes(known, [polled('INBOX'), polled('A', false), polled('B')], all);
    expect(plan.selected.map((mailbox) => mailbox.wireName)).toEqual(['INBOX', 'B']);
    expect(plan.gone.map((mailbox) => mailbox.id)).toEqual([2]);
    expect(plan.incomplete).toBeNull();
  });

  test.each([
    ['an empty list', []],
    ['a list of nothing that opens', [polled('A', false)]],
  ])('believes no deletion after %s', (_, list) => {
    const plan = planMailboxes(known, list, all);
    expect(plan.gone).toEqual([]);
    expect(plan.incomplete).toContain('nothing is taken as deleted');
  });

  test('has nothing against an empty account that was never seen', () => {
    expect(planMailboxes([], [], all)).toEqual({ selected: [], gone: [], incomplete: null });
  });

  test('does not take a mailbox for gone because it was left out', () => {
    const plan = planMailboxes(
      known,
      [polled('INBOX'), polled('A')],
      (mailbox) => mailbox.wireName === 'INBOX',
    );
    expect(plan.selected.map((mailbox) => mailbox.wireName)).toEqual(['INBOX']);
    expect(plan.gone).toEqual([]);
  });
});
