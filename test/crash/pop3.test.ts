// A POP3 account, stopped behind every effect of a run, as a kill and as a power cut: whatever was stored stays, the
// next run ends where an undisturbed one does, and mail that mailkeep deleted from the server is never missed.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { answers, rebuild } from '../history/answers.js';
import { mail, mails, popSource } from '../pop3/stage.js';
import { MailStore } from '../support/imap-server/mail-store.js';
import { type PopMessage, PopServer } from '../support/pop3-server/server.js';
import { readArchive } from './archive-files.js';
import { contentsOf, copyOf, expectNone, temporaryFolder } from './crash-everywhere.js';
import { checkFindings, type RunOptions, runOnce } from './one-run.js';

interface Story {
  readonly name: string;
  readonly minEffects: number;
  readonly deletes?: boolean;
  /** What a finished run has seen; null: there was none. */
  readonly before: readonly PopMessage[] | null;
  /** What the run under test finds. */
  readonly now: readonly PopMessage[];
}

const FIRST = mails(6);
/** Larger than what is compared whole, so that their headers are asked for. */
const LARGE = Array.from({ length: 4 }, (_, at) => mail(`large${at}`, 1 + at, 40_000));

const STORIES: readonly Story[] = [
  { name: 'the first run', minEffects: 30, before: null, now: FIRST },
  {
    name: 'mail that came and mail that went',
    minEffects: 20,
    before: FIRST,
    now: [...FIRST.slice(2), mail('new'), mail('newer')],
  },
  {
    name: 'identifiers that all changed',
    minEffects: 20,
    before: LARGE,
    now: LARGE.map((message, at) => ({ ...message, uidl: `other${at}` })),
  },
  {
    name: 'mail that is stored and deleted from the server',
    minEffects: 30,
    deletes: true,
    before: null,
    now: FIRST,
  },
  {
    name: 'mail that was kept for long enough',
    minEffects: 15,
    deletes: true,
    before: FIRST,
    now: [...FIRST.slice(1), mail('new')],
  },
];

const NO_MAIL = { mail: new MailStore(), tier: 'plain', objectId: false } as const;

function settings(server: PopServer, story: Story): RunOptions {
  return {
    ...(story.deletes === true && { deleteAfterMs: 0 }),
    plant: {
      ports: (ports) => ({ ...ports, source: popSource(server, { mayDelete: story.deletes === true }) }),
    },
  };
}

/** Hashes of what is in mail/, and in removed/. */
function state(root: string): string[] {
  return readArchive(root)
    .files.map(({ tree, sha256 }) => `${tree} ${sha256}`)
    .sort();
}

async function complete(root: string, server: PopServer, story: Story): Promise<readonly string[]> {
  const { report, effects } = await runOnce(root, NO_MAIL, settings(server, story));
  if (report?.status !== 'ok') throw new Error(`the run ended as ${JSON.stringify(report)}`);
  return effects.names;
}

async function demand(root: string, server: PopServer, story: Story): Promise<void> {
  expectNone('check says', await checkFindings(root));
  const { report } = await runOnce(root, NO_MAIL, settings(server, story));
  const { status, added, adopted, removed, moved } = report!;
  expect({ status, added, adopted, removed, moved }).toEqual({
    ...{ status: 'ok', added: 0, adopted: 0, removed: 0, moved: 0 },
  });
  const index = `${root}.rebuilt.db`;
  await rebuild(root, { index });
  if (!isDeepStrictEqual(answers(root, index), answers(root)))
    throw new Error('the journal does not tell what the index tells');
  rmSync(index);
}

describe('a POP3 run that is stopped behind any effect', () => {
  const cases = STORIES.flatMap((story) => [false, true].map((powerCut) => ({ ...story, story, powerCut })));

  test.each(cases)(
    'ends as if nothing had been: $name (power cut: $powerCut)',
    async ({ story, powerCut }) => {
      const folder = temporaryFolder();
      try {
        const base = join(folder, 'base');
        if (story.before !== null) {
          await using server = await PopServer.start([...story.before]);
          await complete(base, server, { ...story, deletes: false });
        }
        const from = (to: string) =>
          story.before === null ? join(folder, to) : copyOf(base, join(folder, to));
        const whole = from('whole');
        await using undisturbed = await PopServer.start([...story.now]);
        const effects = await complete(whole, undisturbed, story);
        await demand(whole, undisturbed, story);
        expect(effects.length).toBeGreaterThan(story.minEffects);
        for (let stop = 1; stop <= effects.length; stop++) {
          const root = from(`stop-${stop}`);
          await using server = await PopServer.start([...story.now]);
          const { report } = await runOnce(root, NO_MAIL, {
            ...settings(server, story),
            crashAfter: stop,
            powerCut,
          });
          const where = `${story.name}, stopped behind effect ${stop} of ${effects.length}, ${effects[stop - 1]}`;
          expect(report, where).toBeNull();
          const kept = contentsOf(root);
          // Whatever the server has given up by now is here.
          const there = new Set(server.messages);
          const gone = story.now.filter((message) => !there.has(message));
          await complete(root, server, story);
          await demand(root, server, story);
          const after = contentsOf(root);
          expect(
            [...kept].filter((sha256) => !after.has(sha256)),
            where,
          ).toEqual([]);
          expect(gone.length === 0 || kept.size >= gone.length, where).toBe(true);
          expect(state(root), where).toEqual(state(whole));
          rmSync(root, { recursive: true });
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    600_000,
  );
});
