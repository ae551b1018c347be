// More mailboxes than connections on Dovecot, which has NOTIFY: one connection hears them all.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { imapWatcher } from '../../src/imap/watch.js';
import { TIMING } from '../../src/imap/watch-timing.js';
import { USUAL_TRUST } from '../../src/net/tls-trust.js';
import { Dovecot, describeWithDovecot } from '../support/dovecot.js';
import { makeMessages, markedMessage } from '../support/messages.js';

describeWithDovecot('more mailboxes than connections', () => {
  let server: Dovecot;
  beforeAll(async () => {
    server = await Dovecot.start();
  });
  afterAll(() => server?.stop());

  test('are heard on one connection by NOTIFY, and lost with it', async () => {
    const names = ['INBOX', 'Work', 'Sub/Old', 'Büro', 'Nowhere'];
    for (const name of names.slice(0, 4))
      await server.putMessages('alice', name, makeMessages({ seed: 1, count: 2 }));
    const heard: string[] = [];
    const settings = {
      account: 'personal',
      host: '127.0.0.1',
      port: server.port,
      tls: 'none',
      trust: USUAL_TRUST,
      proxy: null,
      user: 'alice',
      login: { kind: 'password', ask: async () => server.password },
      engine: 'wire',
      compress: false,
      connections: 2,
      silenceTimeout: 10_000,
      connectTimeout: 5000,
    } as const;
    const stop = new AbortController();
    const events = {
      watching: (mailbox: string) => heard.push(`watching ${mailbox}`),
      refused: (mailbox: string) => heard.push(`refused ${mailbox}`),
      news: (mailbox: string, news: string) => heard.push(`${news} ${mailbox}`),
    };
    const ended = imapWatcher(settings, { ...TIMING, renewMs: 300 }).watch(names, events, stop.signal);
    ended.catch(() => undefined);
    await expect.poll(() => heard.length).toBe(5);
    expect(heard.toSorted()).toEqual(
      ['refused Büro', 'refused Nowhere', ...names.slice(0, 3).map((name) => `watching ${name}`)].toSorted(),
    );
    const client = await server.client('alice');
    for (const name of names.slice(0, 3)) {
      await client.append(name, markedMessage(name));
      await expect.poll(() => heard, { timeout: 5000 }).toContain(`arrived ${name}`);
    }
    await client.mailboxOpen('Work');
    await client.messageFlagsAdd('1', ['\\Flagged']);
    await expect.poll(() => heard, { timeout: 5000 }).toContain('changed Work');
    await server.doveadm('kick', 'alice');
    await expect(ended).rejects.toMatchObject({ code: 'unreachable' });
    stop.abort();
  });
});
