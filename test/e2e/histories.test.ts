// Random histories on a real Dovecot: changes of every kind, each followed by a run that SIGKILL ends at a random
// moment; every few of them one run is left alone, and the archive must then be the server's. The seed is in the name.

import { expect, test } from 'vitest';
import { archiveLines, type Lines, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Tier } from '../support/dovecot-config.js';
import { Mailkeep } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { type Random, randomFrom } from '../support/random.js';

const TIERS: readonly Tier[] = ['qresync', 'condstore', 'plain'];
const SEED = 4711;
const ROUNDS = 9;
const USER = 'alice';

describeWithDovecot('a history of changes and kills', () => {
  test.each(TIERS)(`ends as the server is (%s, seed ${SEED})`, { timeout: 180_000 }, async (tier) => {
    const random = randomFrom(SEED);
    const server = await Dovecot.start({ tier });
    try {
      for (const [at, mailbox] of ['INBOX', 'Work', 'Büro'].entries())
        await server.putMessages(USER, mailbox, batch(at, 120));
      const { port, password } = server;
      await using mailkeep = await Mailkeep.create({ port, user: USER, password, engine: 'wire' });
      const began = performance.now();
      await expectSame(server, mailkeep);
      // That was a sync and a check; a run with little to do takes less than half of it.
      const usual = (performance.now() - began) / 2;
      let kills = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        await change(server, random, round);
        const { child, ended } = mailkeep.start('sync', '--json');
        const timer = setTimeout(() => child.kill('SIGKILL'), (usual * random.integer(10, 100)) / 100);
        const { code } = await ended;
        clearTimeout(timer);
        if (code !== 0) kills += 1;
        if (round % 3 === 0) await expectSame(server, mailkeep);
      }
      expect(kills).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  });
});

/** What is moved or flagged depends on the seed alone; every kind of change comes up in every history. */
async function change(server: Dovecot, random: Random, round: number): Promise<void> {
  const client = await server.client(USER);
  try {
    await server.putMessages(USER, 'INBOX', batch(100 + round, random.integer(1, 40)));
    await client.mailboxOpen('INBOX');
    const first = random.integer(1, 100);
    const some = `${first}:${first + random.integer(0, 15)}`;
    await client.messageFlagsAdd(some, ['\\Flagged', `key${round % 4}`], { uid: true });
    await client.messageFlagsRemove(`${first + 3}:${first + 9}`, ['\\Seen'], { uid: true });
    if (round % 3 === 0) await client.messageDelete(`${first}:${first + 2}`, { uid: true });
    if (round % 3 === 1) await client.messageMove(`${first + 4}:${first + 8}`, 'Work', { uid: true });
    if (round % 3 === 2) await client.messageCopy(some, 'Büro', { uid: true });
    if (round === 5) await client.mailboxRename('Work', 'Arbeit/2026');
    if (round === 5) await client.mailboxCreate('Work');
  } finally {
    await client.logout();
  }
}

async function expectSame(server: Dovecot, mailkeep: Mailkeep): Promise<void> {
  const { code, report } = await mailkeep.sync();
  expect([code, report.failures, report.error]).toEqual([0, [], null]);
  expect(withoutEmpty(archiveLines(mailkeep.archive()))).toEqual(
    withoutEmpty(serverLines(await server.state(USER))),
  );
  expect(await mailkeep.check()).toMatchObject({ code: 0, missing: [], corrupt: [], unindexed: [] });
}

function withoutEmpty(lines: Lines): Lines {
  return Object.fromEntries(Object.entries(lines).filter(([, messages]) => messages.length > 0));
}

function batch(seed: number, count: number) {
  return makeMessages({ seed, count, medianBytes: 1500, mostBytes: 60_000 });
}
