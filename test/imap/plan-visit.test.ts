// What one visit proves. The server is a model with two states in time; the answers may lack rows. Whatever
// they lack: a message that is there never counts as gone, and an answer that counts as whole leads to what
// is there.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Listing } from '../../src/core/mailbox/listing.js';
import type { Observation, ObserveRequest } from '../../src/core/ports/source.js';
import { PlacementRows } from '../../src/core/sync/base-placements.js';
import { planSync } from '../../src/core/sync/plan-sync.js';
import { SortedUids } from '../../src/core/sync/sorted-uids.js';
import { decodeCheckpoint, encodeCheckpoint, isUnchanged } from '../../src/imap/checkpoint.js';
import { concludeVisit, planVisit, type VisitKind } from '../../src/imap/plan-visit.js';
import type { Visit, VisitResult } from '../../src/imap/reader.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import type { Tier } from '../support/imap-server/server-context.js';
import { MemoryReader } from '../support/memory-reader.js';

const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];
const MAX_VISITS = 4;

const change = fc.oneof(
  fc.record({ kind: fc.constant('put' as const) }),
  fc.record({ kind: fc.constant('flag' as const), pick: fc.nat(20) }),
  fc.record({ kind: fc.constant('expunge' as const), pick: fc.nat(20) }),
);
const changes = fc.array(change, { maxLength: 12 });

function apply(mail: MailStore, list: readonly { kind: string; pick?: number }[]): void {
  for (const { kind, pick = 0 } of list) {
    const uid = mail.inbox.uids[pick % (mail.inbox.size || 1)];
    if (kind === 'put') mail.inbox.append({ body: `Subject: ${mail.inbox.uidNext}\r\n\r\n` });
    else if (uid === undefined) continue;
    else if (kind === 'expunge') mail.inbox.expunge([uid]);
    else mail.inbox.setFlags([uid], mail.inbox.get(uid)!.flags.length > 0 ? 'remove' : 'add', ['\\Seen']);
  }
}

interface Known {
  readonly uids: Uint32Array;
  readonly flags: readonly string[];
}

async function observe(
  mail: MailStore,
  tier: Tier,
  request: ObserveRequest,
  lie: (result: VisitResult, visit: Visit) => VisitResult = (result) => result,
): Promise<Observation> {
  const reader = new MemoryReader({ mail, tier, objectId: false });
  let kind: VisitKind = 'changes';
  for (let attempt = 1; ; attempt++) {
    expect(attempt).toBeLessThan(MAX_VISITS + 3);
    const visit = planVisit(request, 'INBOX', tier, kind);
    const outcome = concludeVisit(
      request,
      visit,
      lie(await reader.visit(visit), visit),
      attempt >= MAX_VISITS,
    );
    if (typeof outcome !== 'string') return outcome;
    kind = outcome;
  }
}

const requestFor = (checkpoint: string | null, known: Known, full = false): ObserveRequest => ({
  wireName: 'INBOX',
  checkpoint,
  known: SortedUids.over(known.uids),
  full,
});

function stateOf(mail: MailStore): Map<number, string> {
  return new Map(mail.inbox.uids.map((uid) => [uid, mail.inbox.get(uid)!.flags.join(' ')]));
}

/** What the index would hold after this observation. */
function heldAfter(known: Known, observation: Observation): Map<number, string> {
  const base = observation.sameIdSpace ? known : { uids: new Uint32Array(), flags: [] };
  const plan = planSync(new PlacementRows(base.uids, base.flags), observation);
  const state = new Map([...base.uids].map((uid, at) => [uid, base.flags[at]!]));
  for (const row of [...plan.appeared, ...plan.reflagged])
    state.set(observation.listing.uid(row), observation.listing.flags(row));
  for (const uid of plan.vanished) state.delete(uid);
  return state;
}

function knownOf(state: ReadonlyMap<number, string>): Known {
  const uids = [...state.keys()].sort((a, b) => a - b);
  return { uids: Uint32Array.from(uids), flags: uids.map((uid) => state.get(uid)!) };
}

const NOTHING: Known = { uids: new Uint32Array(), flags: [] };

describe.each(TIERS)('a visit to a %s server', (tier) => {
  test('leads from what was known to what is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        changes,
        changes,
        fc.boolean(),
        fc.constantFrom(0, 1, 2),
        async (before, since, full, special) => {
          const mail = new MailStore();
          apply(mail, before);
          const first = await observe(mail, tier, requestFor(null, NOTHING));
          const known = knownOf(heldAfter(NOTHING, first));
          expect(known).toEqual(knownOf(stateOf(mail)));
          apply(mail, since);
          if (special === 1) mail.inbox.bumpUidValidity({ renumber: full });
          if (special === 2) mail.inbox.forgetVanished();
          const second = await observe(mail, tier, requestFor(first.checkpoint, known, full));
          expect(second.incomplete).toBeNull();
          expect(second.sameIdSpace).toBe(special !== 1);
          expect(knownOf(heldAfter(known, second))).toEqual(knownOf(stateOf(mail)));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('never takes a message that is there for gone, whatever rows the answers lack', async () => {
    const drop = fc.array(fc.nat(15), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(changes, changes, drop, fc.boolean(), async (before, since, dropped, searchToo) => {
        const mail = new MailStore();
        apply(mail, before);
        const first = await observe(mail, tier, requestFor(null, NOTHING));
        const known = knownOf(heldAfter(NOTHING, first));
        apply(mail, since);
        const observation = await observe(mail, tier, requestFor(first.checkpoint, known), (result) => ({
          ...result,
          listing: lacking(result.listing, dropped),
          roster: searchToo ? null : result.roster,
        }));
        const state = heldAfter(known, observation);
        const there = stateOf(mail);
        for (const uid of known.uids) if (there.has(uid)) expect(state.has(uid)).toBe(true);
        expect(observation.listing.uids.every((uid) => there.has(uid))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test('calls an answer incomplete that is short of new messages or of the count', async () => {
    const mail = new MailStore();
    apply(mail, [{ kind: 'put' }, { kind: 'put' }]);
    const first = await observe(mail, tier, requestFor(null, NOTHING));
    const known = knownOf(heldAfter(NOTHING, first));
    apply(mail, [{ kind: 'put' }, { kind: 'put' }]);
    const short = await observe(mail, tier, requestFor(first.checkpoint, known), (result) => ({
      ...result,
      listing: lacking(result.listing, [result.listing.length - 1]),
      roster: null,
    }));
    expect(short.incomplete).toContain('nothing is taken as deleted');
    const miscounted = await observe(mail, tier, requestFor(first.checkpoint, known), (result) => ({
      ...result,
      exists: 0,
    }));
    expect(miscounted.incomplete).toContain('the server says 0 messages');
    expect(planSync(new PlacementRows(known.uids, known.flags), miscounted).vanished).toEqual([]);
  });

  test('notices new messages that FETCH leaves out while as many others are expunged', async () => {
    const mail = new MailStore();
    apply(
      mail,
      Array.from({ length: 6 }, () => ({ kind: 'put' })),
    );
    const first = await observe(mail, tier, requestFor(null, NOTHING));
    const known = knownOf(heldAfter(NOTHING, first));
    mail.inbox.expunge([2, 4]);
    apply(mail, [{ kind: 'put' }, { kind: 'put' }, { kind: 'put' }]);
    const omitted = [7, 9];
    const withoutThem = ({ listing }: VisitResult) =>
      lacking(
        listing,
        [...listing.uids.keys()].filter((row) => omitted.includes(listing.uid(row))),
      );
    let visits = 0;
    const healed = await observe(mail, tier, requestFor(first.checkpoint, known), (result) =>
      visits++ === 0 ? { ...result, listing: withoutThem(result) } : result,
    );
    expect(healed.incomplete).toBeNull();
    expect(knownOf(heldAfter(known, healed))).toEqual(knownOf(stateOf(mail)));
    const stubborn = await observe(mail, tier, requestFor(first.checkpoint, known), (result) => ({
      ...result,
      listing: withoutThem(result),
    }));
    expect(stubborn.incomplete).toContain('nothing is taken as deleted');
    expect(planSync(new PlacementRows(known.uids, known.flags), stubborn).vanished).toEqual([]);
  });

  test('notices a UID that was missed in an earlier run', async () => {
    const mail = new MailStore();
    apply(
      mail,
      Array.from({ length: 5 }, () => ({ kind: 'put' })),
    );
    const first = await observe(mail, tier, requestFor(null, NOTHING));
    const state = heldAfter(NOTHING, first);
    state.delete(3);
    const known = knownOf(state);
    const second = await observe(mail, tier, requestFor(first.checkpoint, known));
    expect(knownOf(heldAfter(known, second))).toEqual(knownOf(stateOf(mail)));
    const row = second.listing.uids.indexOf(3);
    expect(second.listing.at(row)).toMatchObject({ size: 14, receivedAt: expect.any(Number) });
  });

  test('leaves what arrived after it was opened to the next run', async () => {
    const mail = new MailStore();
    apply(mail, [{ kind: 'put' }]);
    const first = await observe(mail, tier, requestFor(null, NOTHING), (result) => {
      const listing = new Listing();
      for (let row = 0; row < result.listing.length; row++) listing.add(result.listing.at(row));
      listing.add({ uid: 2, flags: '', size: 5, receivedAt: 5, emailId: null, labels: null });
      return { ...result, listing };
    });
    expect(first.incomplete).toBeNull();
    expect([...first.listing.uids]).toEqual([1]);
    expect(decodeCheckpoint(first.checkpoint)?.uidNext).toBe(2);
  });

  test('goes on from the highest UID where the server tells no UIDNEXT', async () => {
    const mail = new MailStore();
    apply(mail, [{ kind: 'put' }, { kind: 'put' }]);
    const forgetful = (result: VisitResult) => ({ ...result, uidNext: null });
    const first = await observe(mail, tier, requestFor(null, NOTHING), forgetful);
    const known = knownOf(heldAfter(NOTHING, first));
    apply(mail, [{ kind: 'expunge', pick: 1 }, { kind: 'put' }]);
    const second = await observe(mail, tier, requestFor(first.checkpoint, known), forgetful);
    expect(knownOf(heldAfter(known, second))).toEqual(knownOf(stateOf(mail)));
  });
});

describe('a checkpoint', () => {
  const checkpoint = fc.record({
    uidValidity: fc.integer({ min: 1, max: 0xffff_ffff }).map(String),
    uidNext: fc.integer({ min: 1, max: 0xffff_ffff }),
    highestModseq: fc.option(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String)),
    messages: fc.nat(),
  });

  test('is read as it was written, MODSEQs above 2^53 included', () => {
    fc.assert(
      fc.property(checkpoint, (value) => {
        expect(decodeCheckpoint(encodeCheckpoint(value))).toEqual(value);
      }),
    );
  });

  test.each([null, '', 'nonsense', '{'])('is none in %j', (text) => {
    expect(decodeCheckpoint(text)).toBeNull();
  });

  test('proves that nothing changed only where all four numbers are told and the same', () => {
    fc.assert(
      fc.property(checkpoint, (value) => {
        expect(isUnchanged(value, value)).toBe(value.highestModseq !== null);
        expect(isUnchanged(null, value)).toBe(false);
        expect(isUnchanged(value, null)).toBe(false);
        for (const key of ['uidValidity', 'uidNext', 'highestModseq', 'messages'] as const)
          expect(isUnchanged(value, { ...value, [key]: null })).toBe(false);
      }),
    );
  });
});

function lacking(listing: Listing, rows: readonly number[]): Listing {
  const shorter = new Listing();
  for (let row = 0; row < listing.length; row++) if (!rows.includes(row)) shorter.add(listing.at(row));
  return shorter;
}
