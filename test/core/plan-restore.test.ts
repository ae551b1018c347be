import { describe, expect, test } from 'vitest';
import type { SelectedPlacement } from '../../src/core/ports/archive.js';
import type { TargetMessage } from '../../src/core/ports/restore.js';
import { finishMatching, type MatchFacts, startMatching } from '../../src/core/restore/plan-restore.js';

interface Wanted {
  readonly name: string;
  readonly placement: SelectedPlacement;
}

function wanted(name: string, over: Partial<SelectedPlacement> = {}): Wanted {
  const placement: SelectedPlacement = {
    uid: 1,
    sha256: name,
    size: 100,
    receivedAt: 1000,
    messageId: `<${name}>`,
    headerSha256: name,
    emailId: null,
    labels: null,
    flags: '',
    removed: false,
    place: { tree: 'mail', folder: 'INBOX', name },
    ...over,
  };
  return { name, placement };
}

function there(uid: number, over: Partial<TargetMessage> = {}): TargetMessage {
  return {
    uid,
    size: 100,
    receivedAt: 1000,
    messageId: null,
    flags: '',
    identity: null,
    labels: null,
    ...over,
  };
}

interface Case extends Partial<MatchFacts<Wanted>> {
  readonly digests?: Readonly<Record<number, string>>;
}

/** Name of each message of ours to the UID that stands for it, and the UIDs whose hash was asked for. */
function match(ours: readonly Wanted[], theirs: readonly TargetMessage[], given: Case = {}) {
  const { digests = {}, ...facts } = given;
  const start = startMatching(ours, theirs, {
    known: [],
    pending: [],
    ownUid: () => null,
    byIdentity: false,
    flagsOf: ({ flags }) => flags,
    ...facts,
  });
  const found = new Map(
    start.doubtful.flatMap((uid) => (digests[uid] ? [[uid, digests[uid]] as const] : [])),
  );
  const matches = finishMatching(start, found);
  return {
    matches: Object.fromEntries([...matches].map(([{ name }, uid]) => [name, uid])),
    asked: start.doubtful,
  };
}

describe('matching an archive with what a target holds', () => {
  test('goes by Message-ID, size and date together', () => {
    const ours = ['a', 'b', 'c', 'd'].map((name) => wanted(name));
    const theirs = [
      there(1, { messageId: '<a>' }),
      there(2, { messageId: '<b>', size: 101 }),
      there(3, { messageId: '<c>', receivedAt: 1001 }),
      there(4, { messageId: '<other>' }),
    ];
    expect(match(ours, theirs)).toEqual({ matches: { a: 1 }, asked: [2] });
  });

  test('asks for the hash where only the size differs, which some servers estimate', () => {
    const ours = ['a', 'b'].map((name) => wanted(name));
    const theirs = [there(1, { messageId: '<a>', size: 133 }), there(2, { messageId: '<b>', size: 133 })];
    const digests = { 1: 'a', 2: 'something else' };
    expect(match(ours, theirs, { digests })).toEqual({ matches: { a: 1 }, asked: [1, 2] });
  });

  test('takes a UID of the mailbox itself for the message, unless it looks like another', () => {
    const ours = [
      wanted('a', { uid: 1 }),
      wanted('b', { uid: 2 }),
      wanted('c', { uid: 3, messageId: null }),
      wanted('d', { uid: 4, messageId: null }),
    ];
    const theirs = [
      there(1, { messageId: '<a>', size: 133, receivedAt: null }),
      there(2, { messageId: '<other>' }),
      there(3, { receivedAt: null }),
      there(4, { size: 133, receivedAt: 999 }),
    ];
    const ownUid = ({ placement }: Wanted) => placement.uid;
    expect(match(ours, theirs, { ownUid })).toEqual({ matches: { a: 1, c: 3 }, asked: [] });
  });

  test('asks for the hash where there is no Message-ID, and of nothing else', () => {
    const ours = [wanted('a', { messageId: null }), wanted('b')];
    const theirs = [there(1), there(2), there(3, { messageId: '<b>' }), there(4, { size: 7 })];
    expect(match(ours, theirs, { digests: { 1: 'else', 2: 'a' } })).toEqual({
      matches: { a: 2, b: 3 },
      asked: [1, 2],
    });
    expect(match(ours, theirs).matches).toEqual({ b: 3 });
  });

  test('tells contents apart that look the same', () => {
    const ours = [wanted('a', { messageId: '<x>' }), wanted('b', { messageId: '<x>' })];
    const theirs = [there(1, { messageId: '<x>' })];
    expect(match(ours, theirs, { digests: { 1: 'b' } })).toEqual({ matches: { b: 1 }, asked: [1] });
  });

  test('lets one message there stand for one of ours: duplicates stay duplicates', () => {
    const ours = [wanted('a'), wanted('a2', { sha256: 'a', messageId: '<a>' })];
    const one = [there(5, { messageId: '<a>' })];
    expect(match(ours, one).matches).toEqual({ a: 5 });
    expect(match(ours, [...one, there(6, { messageId: '<a>' })]).matches).toEqual({ a: 5, a2: 6 });
  });

  test('means the duplicate with the same flags', () => {
    const ours = [
      wanted('plain'),
      wanted('seen', { sha256: 'plain', messageId: '<plain>', flags: '\\Seen' }),
    ];
    const theirs = [there(5, { messageId: '<plain>', flags: '\\Seen' })];
    expect(match(ours, theirs).matches).toEqual({ seen: 5 });
    const changed = [there(5, { messageId: '<plain>', flags: '\\Flagged' })];
    expect(match(ours, changed).matches).toEqual({ plain: 5 });
  });

  test('knows its own server by the identity of content', () => {
    const ours = [wanted('a', { emailId: 'M1' }), wanted('b', { emailId: 'M2' })];
    const theirs = [there(1, { identity: 'M2', size: 5, messageId: '<changed>' })];
    expect(match(ours, theirs, { byIdentity: true }).matches).toEqual({ b: 1 });
    expect(match(ours, theirs).matches).toEqual({});
  });

  test('believes the ledger where the server changed size and date', () => {
    const ours = [wanted('a'), wanted('b', { messageId: null })];
    const known = [
      { uid: 1, sha256: 'a', receivedAt: 1000, seenSize: null },
      { uid: 2, sha256: 'b', receivedAt: 1000, seenSize: 90 },
    ];
    const theirs = [
      there(1, { messageId: '<a>', size: 130, receivedAt: 5 }),
      there(2, { size: 90, receivedAt: 5 }),
    ];
    expect(match(ours, theirs, { known })).toEqual({ matches: { a: 1, b: 2 }, asked: [] });
  });

  test('does not believe the ledger against what the target shows', () => {
    const known = [
      { uid: 1, sha256: 'a', receivedAt: 1000, seenSize: 100 },
      { uid: 2, sha256: 'b', receivedAt: 1000, seenSize: 100 },
      { uid: 3, sha256: 'c', receivedAt: 1000, seenSize: 100 },
    ];
    const theirs = [there(1, { messageId: '<stranger>' }), there(2, { size: 40 })];
    const ours = [wanted('a'), wanted('b', { messageId: null }), wanted('c')];
    expect(match(ours, theirs, { known }).matches).toEqual({});
  });

  test('finds what was being sent among what arrived since, and takes nothing older for it', () => {
    const ours = [wanted('a'), wanted('b')];
    const pending = [{ sha256: 'a', receivedAt: 1000, uidNext: 10 }];
    const changed = { size: 130, receivedAt: 5 };
    const arrived = there(10, { messageId: '<a>', ...changed });
    const older = there(9, { messageId: '<a>', ...changed });
    const notPending = there(11, { messageId: '<b>', ...changed });
    expect(match(ours, [arrived, notPending], { pending }).matches).toEqual({ a: 10 });
    expect(match(ours, [older, notPending], { pending }).matches).toEqual({});
  });

  test('finds it without a Message-ID by its octets or its date, not by what its size happens to be', () => {
    const ours = ['a', 'b', 'c'].map((name, n) =>
      wanted(name, { messageId: null, size: 100 + n, receivedAt: 1000 + n }),
    );
    const pending = ours.map(({ name, placement: { receivedAt } }) => ({
      sha256: name,
      receivedAt,
      uidNext: 10,
    }));
    const theirs = [
      there(10, { size: 102, receivedAt: 1000 }),
      there(11, { size: 101, receivedAt: 5 }),
      there(12, { size: 104, receivedAt: 1002 }),
      there(9, { size: 101, receivedAt: 1001 }),
    ];
    expect(match(ours, theirs, { pending, digests: { 10: 'else', 11: 'b', 9: 'else' } })).toEqual({
      matches: { a: 10, b: 11, c: 12 },
      asked: [10, 11, 9],
    });
  });
});
