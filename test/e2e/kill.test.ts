// A first run that is killed outright again and again, at moments that a seed picks by the octets that have passed,
// ends in the same archive as one that nobody disturbed; one that is asked to stop does so in good order.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { archiveLines, type Lines, serverLines } from '../support/archive.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import type { Tier } from '../support/dovecot-config.js';
import { documentOf, type Engine, Mailkeep, type Run, type SyncReport } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { randomFrom } from '../support/random.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

const COUNT = 3000;
const KILLS = 10;
/** Where a first run stands doesn't depend on the tier: three of the six pairs will do. */
const PAIRS: readonly (readonly [Tier, Engine])[] = [
  ['qresync', 'wire'],
  ['plain', 'wire'],
  ['condstore', 'imapflow'],
];

/** Passes everything on, and makes the call that is due once so many octets have come from the server. */
class Turnstile {
  #octets = 0;
  #due: { after: number; call: () => void } | null = null;
  #proxy: TcpProxy | null = null;

  async open(target: number): Promise<void> {
    this.#proxy = await startTcpProxy({ port: target }, ({ client, server }) => {
      client.pipe(server);
      server.on('data', (chunk: Buffer) => {
        this.#octets += chunk.length;
        if (this.#due !== null && this.#octets >= this.#due.after) {
          const { call } = this.#due;
          this.#due = null;
          call();
        }
      });
      server.pipe(client);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
    });
  }

  get port(): number {
    return this.#proxy!.port;
  }

  after(octets: number, call: () => void): void {
    this.#octets = 0;
    this.#due = { after: octets, call };
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
  }
}

describe.each(PAIRS)('a first run, %s, %s', (tier, engine) => {
  describeWithDovecot('from Dovecot', () => {
    const turnstile = new Turnstile();
    let server: Dovecot;
    let truth: Lines;
    let octets = 0;
    beforeAll(async () => {
      server = await Dovecot.start({ tier });
      const messages = makeMessages({ seed: 31, count: COUNT, medianBytes: 1200, mostBytes: 300_000 });
      octets = messages.reduce((sum, { body }) => sum + body.length, 0);
      for (const [at, mailbox] of ['INBOX', 'Work', 'Work/Old', 'Büro'].entries())
        await server.putMessages('alice', mailbox, messages.slice(at * 750, (at + 1) * 750));
      truth = serverLines(await server.state('alice'));
      await turnstile.open(server.port);
    });
    afterAll(async () => {
      await turnstile.close();
      await server?.stop();
    });

    const start = () =>
      Mailkeep.create({ port: turnstile.port, user: 'alice', password: server.password, engine });

    /** One run that gets the signal after so many octets. */
    const interrupted = async (mailkeep: Mailkeep, signal: 'SIGKILL' | 'SIGTERM', after: number) => {
      const { child, ended } = mailkeep.start('sync', '--json');
      let at = 0;
      turnstile.after(after, () => {
        at = performance.now();
        child.kill(signal);
      });
      return { run: await ended, milliseconds: performance.now() - at };
    };

    /** A plain run, an archive equal to the server, and nothing left lying about. */
    const expectWhole = async (mailkeep: Mailkeep) => {
      const { code, report } = await mailkeep.sync();
      expect([code, report.failures, report.error]).toEqual([0, [], null]);
      expect(archiveLines(mailkeep.archive())).toEqual(truth);
      expect(readdirSync(join(mailkeep.root, 'mail/INBOX/tmp'))).toEqual([]);
      expect(
        readdirSync(mailkeep.root).filter((name) => !/^(index|search|lock)\.db|^journal/.test(name)),
      ).toEqual(['mail']);
      const clean = { code: 0, files: COUNT, missing: [], corrupt: [], unindexed: [] };
      expect(await mailkeep.check()).toMatchObject(clean);
      const { stored } = total(await mailkeep.status());
      expect(stored).toBe(COUNT);
    };

    test('that SIGKILL ends ten times is made whole by the next run', { timeout: 120_000 }, async () => {
      const seed = 20_261_121;
      const random = randomFrom(seed);
      await using mailkeep = await start();
      const ends: Pick<Run, 'code' | 'signal'>[] = [];
      for (let kill = 0; kill < KILLS; kill++) {
        const after = random.logUniform(2_000, octets / 4);
        const { run } = await interrupted(mailkeep, 'SIGKILL', after);
        ends.push({ code: run.code, signal: run.signal });
      }
      const killed = ends.filter(({ signal }) => signal === 'SIGKILL').length;
      expect(killed, `seed ${seed}: ${JSON.stringify(ends)}`).toBeGreaterThanOrEqual(7);
      await expectWhole(mailkeep);
    });

    test('that is asked to stop ends within ten seconds, and the next run goes on', async () => {
      await using mailkeep = await start();
      const { run, milliseconds } = await interrupted(mailkeep, 'SIGTERM', octets / 3);
      expect([run.code, run.signal]).toEqual([130, null]);
      expect(milliseconds).toBeLessThan(10_000);
      const [report] = (documentOf(run) as { accounts: SyncReport[] }).accounts;
      expect(report).toMatchObject({ status: 'failed', error: { code: 'interrupted' } });
      const { stored } = total(await mailkeep.status());
      expect(stored).toBe(report!.added);
      expect(stored).toBeLessThan(COUNT);
      await expectWhole(mailkeep);
    });
  });
});

function total({ mailboxes }: { mailboxes: readonly { stored: number }[] }): { stored: number } {
  return { stored: mailboxes.reduce((sum, { stored }) => sum + stored, 0) };
}
