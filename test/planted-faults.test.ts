// Proof that the crash tests bite: each of these faults is one that a sync program could have, planted from
// outside into the ports, and the tests must go red over it for the reason that is given. Without a fault
// they are green, which the tests themselves show and, where a check is only made here, this one.

import { rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ArchiveError } from '../src/core/errors.js';
import type { JournalLine } from '../src/core/journal.js';
import { Listing } from '../src/core/mailbox/listing.js';
import { maildirLetters, parseMaildirFileName } from '../src/core/mailbox/maildir-name.js';
import type { IndexedMailbox } from '../src/core/ports/placements.js';
import type { Observation, Source } from '../src/core/ports/source.js';
import type { FilePlace } from '../src/core/ports/store.js';
import type { SyncIndex } from '../src/core/ports/sync-index.js';
import { SortedUids } from '../src/core/sync/sorted-uids.js';
import type { MailboxReader } from '../src/imap/reader.js';
import type { SyncPorts } from '../src/jobs/sync-context.js';
import { differences, readArchive } from './crash/archive-files.js';
import { crashEverywhere, demand, expectNone, temporaryFolder } from './crash/crash-everywhere.js';
import { BROKEN, failEverywhere } from './crash/fail-everywhere.js';
import { shortAnswers } from './crash/lies.js';
import { type Plant, runOnce } from './crash/one-run.js';
import { put, SCENARIOS } from './crash/scenarios.js';
import { MailStore } from './support/imap-server/mail-store.js';

interface PlantedFault {
  readonly fault: string;
  readonly plant: Plant;
  readonly check: (plant?: Plant) => Promise<unknown>;
  readonly symptom: RegExp;
}

const FAULTS: readonly PlantedFault[] = [
  {
    fault: 'rows are recorded before their files are named',
    plant: ports(({ store, index }) => ({
      store: overriding(store, {
        commit: async (bodies) => {
          index.recordStored(
            bodies.map(({ body, place }) => ({
              placement: placementAt(index, place),
              body,
              receivedAt: parseMaildirFileName(place.name)!.receivedAt,
              messageId: body.messageId,
              letters: parseMaildirFileName(place.name)!.letters,
              settled: true,
            })),
          );
          await store.commit(bodies);
        },
      }),
    })),
    check: crashes('first run'),
    symptom: /differs|the file is not there/,
  },
  {
    fault: 'the cursor is stored before the rows that it covers',
    plant: ports(({ index }) => ({
      index: overriding(index, {
        applySpines: (changes) => {
          const nothing = { appeared: [], reflagged: [], relabelled: [], vanished: [] };
          index.applySpines(changes.map((change) => ({ ...change, plan: { ...change.plan, ...nothing } })));
          index.applySpines(changes.map((change) => ({ ...change, newGeneration: false })));
        },
      }),
    })),
    check: crashes('new mail, flags and keywords'),
    symptom: /differs from the server/,
  },
  {
    fault: 'files are named without having been synced',
    plant: { skipsFsync: (path) => path.includes('/tmp/') && path.endsWith('.mailkeep') },
    check: crashes('first run', { powerCut: true }),
    symptom: /octets are not those of its name|instead of|differs/,
  },
  {
    fault: 'rows are recorded before the folder that names the files is synced',
    plant: { skipsFsync: (path) => path.endsWith('/cur') },
    check: crashes('first run', { powerCut: true }),
    symptom: /differs|the file is not there/,
  },
  {
    fault: 'a new folder is not synced into the one above',
    plant: { skipsFsync: (path) => path.endsWith('/mail') },
    check: crashes('first run', { powerCut: true }),
    symptom: /differs|the file is not there/,
  },
  {
    fault: 'keyword files are not synced',
    plant: { skipsFsync: (path) => path.includes('dovecot-keywords') || path.endsWith('/INBOX') },
    check: crashes('new mail, flags and keywords', { powerCut: true }),
    symptom: /differs from the server/,
  },
  {
    fault: 'a move says that it is done and renames nothing',
    plant: ports(({ store }) => ({
      store: overriding(store, { move: async (moves) => moves.map(() => 'done' as const) }),
    })),
    check: crashes('new mail, flags and keywords'),
    symptom: /differs from the server|the flags in the name/,
  },
  {
    fault: 'what is unsettled stays so when its flags look right (A-B-A)',
    plant: ports(({ index }) => ({
      index: overriding(index, {
        unsettled: (after, limit) =>
          index
            .unsettled(after, limit)
            .filter((row) => maildirLetters(row.flags, index.keywords(row.mailbox)) !== row.letters),
      }),
    })),
    check: crashes('flags that change and change back'),
    symptom: /differs from the server/,
  },
  {
    fault: 'letters are given to keywords before the keyword file has them',
    plant: ports(({ store, index }) => ({
      store: overriding(store, {
        writeKeywords: async (tree, folder, keywords) => {
          const mailbox = mailboxAt(index, folder).id;
          const fresh = keywords.slice(index.keywords(mailbox).length);
          if (fresh.length > 0) index.addKeywords(mailbox, fresh);
          await store.writeKeywords(tree, folder, keywords);
        },
      }),
      index: overriding(index, { addKeywords: () => undefined }),
    })),
    check: crashes('new mail, flags and keywords'),
    symptom: /differs from the server/,
  },
  {
    fault: 'the keyword file is never written',
    plant: ports(({ store }) => ({
      store: overriding(store, { writeKeywords: async () => undefined }),
    })),
    check: crashes('first run'),
    symptom: /differs from the server/,
  },
  {
    fault: 'a placement is recorded as retired before its file has moved',
    plant: ports(({ index }) => ({
      index: overriding(index, {
        leavingPlacements: (after, limit, which) => {
          const page = index.leavingPlacements(after, limit, which);
          index.recordRetired(
            1,
            page.map(({ placement }) => ({ placement, tree: 'removed' as const })),
          );
          return page;
        },
      }),
    })),
    check: crashes('deletions'),
    symptom: /is not on the server|the file is not there/,
  },
  {
    fault: 'what left the server is deleted instead of kept',
    plant: {
      ports: (real, root) => ({
        ...real,
        store: overriding(real.store, {
          move: async (moves) => {
            for (const { from, to } of moves) {
              if (to.tree !== 'removed') await real.store.move([{ from, to }]);
              else unlinkSync(join(root, from.tree, from.folder, 'cur', from.name));
            }
            return moves.map(() => 'done' as const);
          },
        }),
      }),
    },
    check: crashes('deletions'),
    symptom: /the file is not there|lost from the archive/,
  },
  {
    fault: 'a link is dropped without looking whether its content lives on',
    plant: {
      ports: (real, root) => ({
        ...real,
        index: overriding(real.index, {
          locatePresent: (sha256, receivedAt) => real.index.locate(sha256, receivedAt),
        }),
        store: overriding(real.store, {
          dropLinks: async (drops) => {
            for (const { drop } of drops) unlinkSync(join(root, drop.tree, drop.folder, 'cur', drop.name));
            return drops.map(() => 'done' as const);
          },
        }),
      }),
    },
    check: crashes('moves and copies recognised by their octets'),
    symptom: /ENOENT|lost|differs|not there|ended as/,
  },
  {
    fault: 'tmp/ is not swept after a crash',
    plant: ports(({ store }) => ({ store: overriding(store, { sweep: async () => 0 }) })),
    check: crashes('first run'),
    symptom: /EEXIST|should not be there/,
  },
  {
    fault: 'a run does not notice that the one before was killed',
    plant: ports(({ index }) => ({
      index: overriding(index, { beginRun: () => ({ ...index.beginRun(), unclean: false }) }),
    })),
    check: crashes('first run'),
    symptom: /EEXIST|should not be there|differs/,
  },
  {
    fault: 'a run counts before its line is in the journal',
    plant: ports(({ index, journal }) => {
      let line: JournalLine | null = null;
      return {
        journal: overriding(journal, {
          append: (next) => {
            line = next;
          },
        }),
        index: overriding(index, {
          finishRun: (report, retired) => {
            index.finishRun(report, retired);
            if (line !== null) journal.append(line);
          },
        }),
      };
    }),
    check: crashes('deletions'),
    symptom: /the journal does not tell/,
  },
  {
    fault: 'the journal is not synced',
    plant: { skipsFsync: (path) => path.endsWith('/journal.jsonl') },
    check: crashes('deletions', { powerCut: true }),
    symptom: /the journal does not tell/,
  },
  {
    fault: 'a line left by a run that came no further is not taken over',
    plant: ports(({ journal }) => ({ journal: overriding(journal, { last: () => null }) })),
    check: crashes('deletions'),
    symptom: /the journal does not tell/,
  },
  {
    fault: 'content taken in after a crash counts as new, so that a move looks like a loss',
    plant: ports(({ index }) => ({
      index: overriding(index, {
        recordAdopted: (run, adopted) =>
          index.recordAdopted(adopted.every(({ settled }) => settled) ? run : 0, adopted),
      }),
    })),
    check: crashes('moves and copies recognised by their octets'),
    symptom: /not the end that an undisturbed run has|removed/,
  },
  {
    fault: 'a new UIDVALIDITY is overlooked',
    plant: ports((real) => ({
      source: observing(real, (outcome) => ({ ...outcome, sameIdSpace: true })),
      index: overriding(real.index, { reusesUids: () => false }),
    })),
    check: crashes('new UIDVALIDITY'),
    symptom: /differs from the server|ended as/,
  },
  {
    fault: 'bodies are given to the wrong messages',
    plant: {
      reader: (reader) =>
        overriding(reader, {
          bodies: (job, sinks) =>
            reader.bodies(job, {
              begin: (uid, size) =>
                sinks.begin(job.uids[(job.uids.indexOf(uid) + 1) % job.uids.length]!, size),
            }),
        }),
    },
    check: crashes('first run'),
    symptom: /differs from the server/,
  },
  {
    fault: 'an error of the disk while a batch is named is swallowed',
    plant: ports(({ store }) => ({
      store: overriding(store, {
        commit: (bodies) =>
          store.commit(bodies).catch((error: unknown) => {
            if (!(error instanceof ArchiveError)) throw error;
          }),
      }),
    })),
    check: (plant) => failEverywhere(scenarioNamed('first run'), BROKEN, plant),
    symptom: /expected '\w+' to be 'io'|differs|not there/,
  },
  {
    fault: 'what a short answer lacks is taken for deleted',
    plant: ports((real) => ({
      source: observing(real, (outcome) => ({
        ...outcome,
        roster: SortedUids.from(outcome.listing.uids),
        incomplete: null,
      })),
    })),
    check: shortAnswerKeepsEverything,
    symptom: /retired/,
  },
  {
    fault: 'nobody looks for new rows that FETCH leaves out',
    plant: {
      reader: (reader) =>
        overriding(reader, { visit: async (visit) => ({ ...(await reader.visit(visit)), arrived: null }) }),
    },
    check: noticesOmittedRows,
    symptom: /differs from the server/,
  },
  {
    fault: 'a file that somebody took away is not fetched again',
    plant: ports(({ index }) => ({ index: overriding(index, { recordLost: () => undefined }) })),
    check: fetchesLostFiles,
    symptom: /differs from the server/,
  },
  {
    fault: 'content is recognised by its header block alone',
    plant: ports(({ source, index }) => ({
      index: overriding(index, {
        adoptable: (after, limit, now) =>
          index.adoptable(after, limit, now).map((row) => ({ ...row, renumbered: true })),
        departures: () => 1,
      }),
      source: {
        open: async (signal) => {
          const honest = await source.open(signal);
          return overriding(honest, {
            probe: (requests, places, receive) =>
              honest.probe(requests, places, (request, uid, probe) =>
                receive(request, uid, { ...probe, slices: [] }),
              ),
          });
        },
      },
    })),
    check: tellsLookalikesApart,
    symptom: /differs from the server/,
  },
  {
    fault: 'what looks like a message that is still there is only looked into here and there',
    plant: ports(({ index }) => ({ index: overriding(index, { departures: () => 1 }) })),
    check: tellsLargeLookalikesApart,
    symptom: /differs from the server/,
  },
];

describe('the crash tests', () => {
  test('know at least twenty faults', () => {
    expect(FAULTS.length).toBeGreaterThanOrEqual(20);
  });

  test.each(FAULTS)('go red when $fault', async ({ plant, check, symptom }) => {
    await expect(check(plant)).rejects.toThrow(symptom);
  });

  test.each([
    { check: shortAnswerKeepsEverything },
    { check: noticesOmittedRows },
    { check: fetchesLostFiles },
    { check: tellsLookalikesApart },
    { check: tellsLargeLookalikesApart },
  ])('are green without a fault: $check.name', async ({ check }) => {
    await check();
  });
});

/** Three runs, the middle one over an answer that lacks a message. */
async function shortAnswerKeepsEverything(plant?: Plant): Promise<void> {
  await inFolder(async (root) => {
    const server = { mail: new MailStore(), tier: 'qresync' as const, objectId: false };
    for (const marker of ['one', 'two', 'three']) put(server.mail.inbox, marker);
    await runOnce(root, server, { plant });
    put(server.mail.inbox, 'four');
    await runOnce(root, server, { plant, lie: shortAnswers(0, 0) });
    const gone = readArchive(root).files.filter((file) => file.tree === 'removed');
    expectNone(
      'retired',
      gone.map((file) => file.name),
    );
    await runOnce(root, server, { plant });
    expectNone('differs from the server', differences(root, server.mail));
    await demand(root, server, { plant });
  });
}

/** As many new rows left out as messages were expunged: the count is right and everything else wrong. */
async function noticesOmittedRows(plant?: Plant): Promise<void> {
  await inFolder(async (root) => {
    const server = { mail: new MailStore(), tier: 'condstore' as const, objectId: false };
    for (const marker of ['one', 'two', 'three', 'four']) put(server.mail.inbox, marker);
    await runOnce(root, server, { plant });
    server.mail.inbox.expunge([2, 3]);
    for (const marker of ['five', 'six', 'seven']) put(server.mail.inbox, marker);
    let visits = 0;
    const lie = (reader: MailboxReader) =>
      overriding(reader, {
        visit: async (visit) => {
          const result = await reader.visit(visit);
          return visits++ === 0 ? { ...result, listing: lacking(result.listing, [5, 7]) } : result;
        },
      });
    await runOnce(root, server, { plant, lie });
    await runOnce(root, server, { plant });
    expectNone('differs from the server', differences(root, server.mail));
    await demand(root, server, { plant });
  });
}

async function fetchesLostFiles(plant?: Plant): Promise<void> {
  await inFolder(async (root) => {
    const server = { mail: new MailStore(), tier: 'qresync' as const, objectId: false };
    for (const marker of ['one', 'two']) put(server.mail.inbox, marker);
    await runOnce(root, server, { plant });
    const { tree, folder, name } = readArchive(root).files[0]!;
    unlinkSync(join(root, tree, folder, 'cur', name));
    server.mail.inbox.setFlags(server.mail.inbox.uids, 'add', ['\\Seen']);
    await runOnce(root, server, { plant });
    expectNone('differs from the server', differences(root, server.mail));
    await demand(root, server, { plant });
  });
}

function lacking(listing: Listing, uids: readonly number[]): Listing {
  const rest = new Listing();
  for (let row = 0; row < listing.length; row++)
    if (!uids.includes(listing.uid(row))) rest.add(listing.at(row));
  return rest;
}

/** Two messages with the same header block, Message-ID included, size and INTERNALDATE. */
async function tellsLookalikesApart(plant?: Plant): Promise<void> {
  await inFolder(async (root) => {
    const mail = new MailStore();
    const server = { mail, tier: 'condstore' as const, objectId: false };
    const lookalike = (text: string) => `Message-ID: <same@example.org>\r\nSubject: same\r\n\r\n${text}\r\n`;
    mail.inbox.append({ body: lookalike('one text') });
    await runOnce(root, server, { plant });
    mail.create('Archive').append({ body: lookalike('two text') });
    mail.mailbox('Archive').append({ body: lookalike('one text') });
    const { report } = await runOnce(root, server, { plant });
    expectNone('differs from the server', differences(root, mail));
    expect(report).toMatchObject({ added: 1, adopted: 1 });
    await demand(root, server, { plant });
  });
}

/** A megabyte each, and one octet in the middle that is another. */
async function tellsLargeLookalikesApart(plant?: Plant): Promise<void> {
  await inFolder(async (root) => {
    const mail = new MailStore();
    const server = { mail, tier: 'condstore' as const, objectId: false };
    const half = 'What nobody looks at, nobody can tell.\r\n'.repeat(13_000);
    const lookalike = (octet: string) => `Message-ID: <same@example.org>\r\n\r\n${half}${octet}${half}`;
    mail.inbox.append({ body: lookalike('1') });
    await runOnce(root, server, { plant });
    mail.create('Archive').append({ body: lookalike('2') });
    const { report } = await runOnce(root, server, { plant });
    expectNone('differs from the server', differences(root, mail));
    expect(report).toMatchObject({ added: 1, adopted: 0 });
    await demand(root, server, { plant });
  });
}

async function inFolder(work: (root: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  try {
    await work(join(folder, 'archive'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function crashes(name: string, { powerCut = false } = {}) {
  return (plant?: Plant) =>
    crashEverywhere(scenarioNamed(name), {
      tier: 'condstore',
      powerCut,
      ...(plant === undefined ? {} : { plant }),
    });
}

function scenarioNamed(name: string) {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`there is no scenario "${name}"`);
  return found;
}

function ports(change: (real: SyncPorts) => Partial<SyncPorts>): Plant {
  return { ports: (real) => ({ ...real, ...change(real) }) };
}

/** The object with some methods replaced; the others stay bound to it. */
function overriding<T extends object>(real: T, ours: Partial<T>): T {
  return new Proxy(real, {
    get(target, key) {
      const own = ours[key as keyof T];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function observing(real: SyncPorts, change: (outcome: Observation) => Observation): SyncPorts['source'] {
  return {
    open: async (signal): Promise<Source> => {
      const source = await real.source.open(signal);
      return overriding(source, {
        observe: (requests, receive) =>
          source.observe(requests, (request, outcome) =>
            receive(request, outcome instanceof Error ? outcome : change(outcome)),
          ),
      });
    },
  };
}

function mailboxAt(index: SyncIndex, folder: string): IndexedMailbox {
  return index.mailboxes().find((mailbox) => mailbox.folder === folder)!;
}

function placementAt(index: SyncIndex, place: FilePlace): number {
  const { uid } = parseMaildirFileName(place.name)!;
  const mailbox = mailboxAt(index, place.folder).id;
  const rows = index.unfetched({ mailbox: 0, uid: 0 }, 1000, Number.MAX_SAFE_INTEGER, false);
  return rows.find((row) => row.mailbox === mailbox && row.uid === uid)!.placement;
}
