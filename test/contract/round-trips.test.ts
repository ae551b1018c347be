// What a look at an account without news costs on the way: few waits for an answer, however many mailboxes there are,
// and one on a connection that is open.

import { afterAll, expect, test } from 'vitest';
import { type DelayProxy, startDelayProxy } from '../support/delay-proxy.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { PASSWORD } from '../support/dovecot-config.js';
import { makeMessages } from '../support/messages.js';
import { openSource, settingsFor } from './backends.js';
import { Backup } from './backup.js';
import { observeAll } from './drive-source.js';

const MAILBOXES = 40;

describeWithDovecot('an account without news', () => {
  let server: Dovecot | undefined;
  let proxy: DelayProxy | undefined;
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
  });

  test('costs three round trips from the greeting on, and one on an open connection', async () => {
    server = await Dovecot.start({});
    for (let number = 0; number < MAILBOXES; number++) {
      const messages = makeMessages({ seed: number, count: 1, medianBytes: 300 });
      await server.putMessages('alice', number === 0 ? 'INBOX' : `Box ${number}`, messages);
    }
    proxy = await startDelayProxy({ port: server.port }, 10);
    const settings = settingsFor({ port: proxy.port, password: PASSWORD }, 'alice', 'wire');
    await using backup = new Backup();
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', added: MAILBOXES });

    proxy.resetTraffic();
    expect(await backup.sync(settings)).toMatchObject({ status: 'ok', mailboxesChanged: 0 });
    const whole = proxy.traffic();
    expect(whole.connections).toBe(1);
    expect(whole.roundTrips).toBeLessThanOrEqual(3);

    const source = await openSource(settings);
    const polled = await source.poll(new Map());
    const checkpoints = new Map<string, string>();
    const outcomes = await observeAll(source, polled);
    for (const [at, outcome] of outcomes.entries())
      if (outcome !== undefined && !(outcome instanceof Error))
        checkpoints.set(polled[at]!.wireName, outcome.checkpoint);
    expect(checkpoints.size).toBe(MAILBOXES);
    proxy.resetTraffic();
    const again = await source.poll(checkpoints);
    expect(proxy.traffic().roundTrips).toBe(1);
    expect(again.filter((mailbox) => mailbox.changed)).toEqual([]);
    await source.close();
  });
});
