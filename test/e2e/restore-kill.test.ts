// A restore that is killed outright twenty times, at moments that a seed picks by the octets that have passed, and one
// whose connections break again and again, end with every message there once: no duplicate, nothing missing.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lines } from '../support/archive.js';
import { startChaosProxy } from '../support/chaos-proxy.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Tier } from '../support/dovecot-config.js';
import type { Mailkeep } from '../support/mailkeep.js';
import { randomFrom } from '../support/random.js';
import { startTcpProxy } from '../support/tcp-proxy.js';
import { archiveOf, fillOdd, linesByMailbox, restore, targetAccount } from './restore-stage.js';

const COUNT = Number(process.env.MAILKEEP_RESTORE_MESSAGES ?? 900);
const KILLS = 20;
const SEED = Number(process.env.MAILKEEP_RESTORE_SEED ?? 20_261_122);
const TIMEOUT = 180_000 + COUNT * 60;

/** What each target announces: all, no MULTIAPPEND, and neither LITERAL+ nor UIDPLUS. */
const TARGETS: readonly (readonly [string, Tier, string | undefined])[] = [
  ['a modern server', 'qresync', undefined],
  ['a server without UIDPLUS, MULTIAPPEND and LITERAL+', 'plain', 'IMAP4rev1 NAMESPACE CHILDREN'],
];

describeWithDovecot('a restore', () => {
  let source: Dovecot;
  let truth: Lines;
  beforeAll(async () => {
    source = await Dovecot.start();
    await fillOdd(source, 'alice', COUNT, 6);
    truth = linesByMailbox(await source.state('alice'));
  }, TIMEOUT);
  afterAll(async () => {
    await source?.stop();
  });

  const expectWhole = async (mailkeep: Mailkeep, target: Dovecot, user: string, hint: string) => {
    const last = await restore(mailkeep, '--to', 'other', '--in-place', '--verify');
    expect([last.report.error, last.code, last.report.failures], hint).toEqual([null, 0, []]);
    expect(linesByMailbox(await target.state(user)), hint).toEqual(truth);
    const again = await restore(mailkeep, '--to', 'other', '--in-place');
    expect([again.code, again.report.restored, again.report.failed], hint).toEqual([0, 0, 0]);
    expect(linesByMailbox(await target.state(user)), hint).toEqual(truth);
  };

  test.each(TARGETS)(
    'killed twenty times leaves each message once on %s',
    {
      timeout: TIMEOUT,
    },
    async (_, tier, capability) => {
      const target = await Dovecot.start({ tier, ...(capability === undefined ? {} : { capability }) });
      let due: { left: number; call: () => void } | null = null;
      const proxy = await startTcpProxy({ port: target.port }, ({ client, server }) => {
        client.on('data', (chunk: Buffer) => {
          server.write(chunk);
          if (due === null) return;
          due.left -= chunk.length;
          if (due.left > 0) return;
          const { call } = due;
          due = null;
          call();
        });
        client.on('close', () => server.destroy());
        server.on('close', () => client.destroy());
        server.pipe(client);
      });
      try {
        const others = [targetAccount('other', { ...target, port: proxy.port, password: 'pass' }, 'bob')];
        await using mailkeep = await archiveOf(source, 'alice', others);
        const random = randomFrom(SEED);
        const total = COUNT * 3000;
        let killed = 0;
        for (let kill = 0; kill < KILLS; kill++) {
          const { child, ended } = mailkeep.start(
            'restore',
            'personal',
            '--to',
            'other',
            '--in-place',
            '--json',
          );
          due = { left: random.logUniform(200, total / 8), call: () => child.kill('SIGKILL') };
          if ((await ended).signal === 'SIGKILL') killed += 1;
        }
        expect(killed, `seed ${SEED}`).toBeGreaterThanOrEqual(10);
        due = null;
        await expectWhole(mailkeep, target, 'bob', `seed ${SEED}`);
      } finally {
        await proxy.close();
        await target.stop();
      }
    },
  );

  test.each(TARGETS)(
    'whose connections break leaves each message once on %s',
    {
      timeout: TIMEOUT,
    },
    async (_, tier, capability) => {
      const target = await Dovecot.start({ tier, ...(capability === undefined ? {} : { capability }) });
      const proxy = await startChaosProxy(
        { port: target.port },
        { seed: SEED, kinds: ['cut'], mostBytes: 1_000_000 },
      );
      try {
        const others = [targetAccount('other', { port: proxy.port, password: 'pass' }, 'bob')];
        await using mailkeep = await archiveOf(source, 'alice', others);
        const codes = new Set<number | null>();
        const cuts = () => proxy.plans.filter(({ fault }) => fault.kind === 'cut').length;
        // One that is cut before it has signed in ends at once.
        for (let round = 0; round < 3 || (cuts() < 6 && round < 30); round++) {
          const { code } = await mailkeep.run('restore', 'personal', '--to', 'other', '--in-place', '--json');
          codes.add(code);
        }
        for (const code of codes) expect([0, 3, 75], proxy.describe()).toContain(code);
        expect(cuts(), proxy.describe()).toBeGreaterThan(5);
        proxy.transparent = true;
        await expectWhole(mailkeep, target, 'bob', proxy.describe());
      } finally {
        await proxy.close();
        await target.stop();
      }
    },
  );
});
