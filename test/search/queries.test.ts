// Random queries over a known set: what search.db answers is what core/query/query-match.ts says of each place.

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flagList } from '../../src/core/mailbox/flags.js';
import { messageDate } from '../../src/core/message/message-date.js';
import { type ContentFacts, type MessageFacts, NO_CONTENT } from '../../src/core/message/message-facts.js';
import type { KnownContents } from '../../src/core/ports/search.js';
import type { Query, QueryTerm } from '../../src/core/query/query.js';
import { matches, matchesPlace } from '../../src/core/query/query-match.js';
import { searchableText, searchTokens } from '../../src/core/query/search-text.js';
import { openIndex } from '../../src/sqlite/database.js';
import { SearchIndex } from '../../src/sqlite/search-index.js';
import { SearchReader } from '../../src/sqlite/search-reader.js';

const MAILBOXES = ['INBOX', 'Work', 'Work/日本', 'Größe'];
const FLAGS = ['', '\\Seen', '\\Flagged \\Seen', '\\Flagged', '$Forwarded', 'Seen'];
const PIECES = [
  'a',
  'b',
  'Ab',
  'Ä',
  '日',
  '本',
  '日本',
  'の',
  '한국',
  '"',
  '*',
  ':',
  '-',
  'OR',
  'NOT ',
  '. ',
  ' ',
  '\n',
  '🙂',
];
const DAY = 86_400_000;
const BASE = Date.UTC(2026, 0, 1);

const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => pieces.join(''));

interface Known {
  readonly sha256: string;
  readonly size: number;
  readonly facts: ContentFacts;
  readonly places: readonly { mailbox: number; flags: string; receivedAt: number; removed: boolean }[];
}

const content = fc
  .record({ from: text, to: text, cc: text, subject: text, text, names: fc.array(text, { maxLength: 2 }) })
  .chain((texts) =>
    fc.record({
      texts: fc.constant(texts),
      date: fc.option(fc.integer({ min: -3, max: 6 }).map((day) => BASE + day * DAY)),
      messageId: fc.option(fc.constantFrom('<a@x>', '<b@x>', 'c@x', '')),
      hasAttachment: fc.boolean(),
    }),
  );

const place = fc.record({
  mailbox: fc.nat(MAILBOXES.length - 1),
  flags: fc.constantFrom(...FLAGS),
  receivedAt: fc.integer({ min: -2, max: 5 }).map((day) => BASE / 1000 + day * 86_400),
  removed: fc.boolean(),
});

const message = fc.tuple(content, fc.array(place, { minLength: 1, maxLength: 3 }), fc.nat(50));

function known(
  [{ texts, date, messageId, hasAttachment }, places, size]: [
    typeof content extends fc.Arbitrary<infer T> ? T : never,
    Known['places'][number][],
    number,
  ],
  at: number,
): Known {
  const { names, to, ...rest } = texts;
  return {
    sha256: createHash('sha256').update(String(at)).digest('hex'),
    size,
    places,
    facts: {
      ...NO_CONTENT,
      ...rest,
      to,
      recipients: [to],
      date,
      messageId: messageId === '' ? null : messageId,
      attachmentNames: names,
      hasAttachment,
    },
  };
}

const phrase = fc.record({
  kind: fc.constant('phrase' as const),
  field: fc.constantFrom(
    null,
    null,
    'from' as const,
    'to' as const,
    'cc' as const,
    'subject' as const,
    'filename' as const,
  ),
  tokens: text.map(searchTokens).filter((tokens) => tokens.length > 0),
});
const day = fc.integer({ min: -3, max: 6 }).map((days) => BASE + days * DAY);
const term: fc.Arbitrary<QueryTerm> = fc.oneof(
  { weight: 6, arbitrary: phrase },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('INBOX', 'work', 'Work/*', '**', 'größe', 'nowhere')
      .map((mailbox) => ({ kind: 'in' as const, mailbox })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('after' as const, 'before' as const), day)
      .map(([kind, time]) => ({ kind, time })),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('larger' as const, 'smaller' as const), fc.nat(50))
      .map(([kind, size]) => ({ kind, size })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'has-attachment' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('seen' as const, 'unseen' as const, 'flagged' as const, 'removed' as const)
      .map((state) => ({ kind: 'is' as const, state })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('a@x', 'b@x', 'c@x', 'd@x')
      .map((messageId) => ({ kind: 'id' as const, messageId })),
  },
);
const { query } = fc.letrec<{ query: Query }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    fc.record({ kind: fc.constant('and' as const), of: fc.array(tie('query'), { maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('or' as const),
      of: fc.array(tie('query'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), of: tie('query') }),
  ),
}));

describe('an answer of search.db', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'mailkeep-search-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('is what query-match says, for random queries and messages, also with the texts from the index', () => {
    let number = 0;
    let answered = 0;
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 12 }),
        fc.array(query, { minLength: 1, maxLength: 12 }),
        (messages, queries) => {
          const all = messages.map(known);
          number += 1;
          using archive = filled(join(folder, String(number)), all);
          for (const each of queries) {
            const expected = all.filter((one) => placesOf(one).some((facts) => matches(each, facts)));
            for (const sort of ['date', 'relevance'] as const) {
              const { total, messages: found } = archive.search(each, sort);
              expect(found.map(({ sha256 }) => sha256).sort()).toEqual(
                expected.map(({ sha256 }) => sha256).sort(),
              );
              expect(total).toBe(expected.length);
            }
            const contents = archive.contents(each);
            for (const one of all)
              expect(placesKnown(each, one, contents)).toEqual(
                placesOf(one).map((facts) => matches(each, facts)),
              );
            if (expected.length > 0 && expected.length < all.length) answered += 1;
          }
        },
      ),
      { numRuns: 60 },
    );
    // Queries that all or none answers would prove little.
    expect(answered).toBeGreaterThan(50);
  });
});

/** As a restore asks: the place from the archive, the content from what the index knows. */
function placesKnown(query: Query, one: Known, contents: KnownContents): boolean[] {
  const known = contents.of(one.sha256)!;
  return placesOf(one).map((facts, at) =>
    matchesPlace(
      query,
      {
        ...facts,
        date: messageDate(known.date, one.places[at]!.receivedAt),
        hasAttachment: known.hasAttachment,
      },
      (term) => known.holds(term),
    ),
  );
}

function placesOf({ facts, places, size }: Known): MessageFacts[] {
  return places.map(({ mailbox, flags, receivedAt, removed }) => ({
    ...facts,
    date: messageDate(facts.date, receivedAt),
    size,
    flags: flagList(flags),
    mailboxes: [{ path: MAILBOXES[mailbox]! }],
    removed,
  }));
}

function filled(base: string, all: readonly Known[]) {
  const index = openIndex(`${base}.index.db`, { create: true });
  index.transaction(() => {
    const mailbox = index.prepare(
      `INSERT INTO mailbox (id, wire_name, path, components, folder, subscribed, generation, on_server, first_run, since_run)
       VALUES (@id, @path, @path, '[]', @path, 0, 1, 0, 1, 1)`,
    );
    for (const [id, path] of MAILBOXES.entries()) mailbox.run({ id, path });
    const flag = index.prepare('INSERT INTO flag_set (id, flags) VALUES (?, ?)');
    for (const [id, flags] of FLAGS.entries()) flag.run(id, flags);
    const insert = index.prepare(
      `INSERT INTO message (id, sha256, size, header_sha256, message_id) VALUES (?, unhex(?), ?, x'', ?)`,
    );
    const placement = index.prepare(
      `INSERT INTO placement (mailbox, generation, uid, flag_set, flags_run, received_at, server_size, message, tree, letters, settled,
         adopted, first_run, attempts, next_attempt_at)
       VALUES (?, 1, ?, ?, 1, ?, 0, ?, ?, '', 1, 0, 1, 0, 0)`,
    );
    let uid = 0;
    all.forEach(({ sha256, size, facts, places }, at) => {
      insert.run(at + 1, sha256, size, facts.messageId);
      for (const each of places) {
        placement.run(
          each.mailbox,
          ++uid,
          FLAGS.indexOf(each.flags),
          each.receivedAt,
          at + 1,
          each.removed ? 'removed' : 'mail',
        );
      }
    });
  })();
  index.close();
  const search = SearchIndex.open(`${base}.search.db`, `${base}.index.db`);
  expect(search.isBehind()).toBe(true);
  const headers = search.unreadHeaders(100);
  search.enterHeaders(headers.map(({ id, sha256 }) => ({ id, sha256, facts: all[id - 1]!.facts })));
  expect(search.isBehind()).toBe(false);
  const texts = search.unreadTexts(0, 100);
  search.enterTexts(
    texts.map(({ id, sha256 }) => {
      const { facts } = all[id - 1]!;
      const packed = deflateRawSync(facts.text);
      const names = searchableText(facts.attachmentNames);
      return { id, sha256, read: { facts, words: searchableText([facts.text]), names, packed } };
    }),
  );
  expect(search.unindexed()).toEqual({ waiting: 0, broken: 0 });
  search.close();
  const reader = SearchReader.open(`${base}.search.db`, `${base}.index.db`);
  const mailboxes = MAILBOXES.map((path, id) => ({ id, path }));
  return {
    search: (each: Query, sort: 'date' | 'relevance') =>
      reader.search({ query: each, sort, limit: -1, mailboxes, at: null }),
    contents: (each: Query) => reader.contents(each),
    [Symbol.dispose]: () => reader.close(),
  };
}
