// Watching by IDLE on the in-process server, which can fall silent, refuse and hang up on command.

import { queryObjects } from 'node:v8';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AccountError } from '../../src/core/errors.js';
import type { ImapSettings } from '../../src/imap/settings.js';
import { imapWatcher } from '../../src/imap/watch.js';
import { USUAL_TRUST } from '../../src/net/tls-trust.js';
import { put } from '../e2e/in-process.js';
import { refuse, stall } from '../support/imap-server/fault-actions.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { ServerOptions } from '../support/imap-server/server-context.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';

const PASSWORD = 'pass';
const TIMING = { renewMs: 150, answerMs: 400 };

let server: ImapServer;
const stop = { controller: new AbortController() };
beforeEach(() => {
  stop.controller = new AbortController();
});
afterEach(async () => {
  stop.controller.abort();
  await server.close();
});

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await ImapServer.start({ users: { alice: PASSWORD }, ...options });
}

/** What was heard, with a way to wait for it. */
class Ear {
  readonly heard: string[] = [];
  readonly ended: Promise<string>;
  #wake: () => void = () => {};

  constructor(mailboxes: readonly string[], timing = TIMING, connections = 4) {
    const hear = (what: string) => {
      this.heard.push(what);
      this.#wake();
    };
    const events = {
      watching: (mailbox: string) => hear(`watching ${mailbox}`),
      refused: (mailbox: string) => hear(`refused ${mailbox}`),
      news: (mailbox: string, news: string) => hear(`${news} ${mailbox}`),
    };
    this.ended = imapWatcher(settings(connections), timing).watch(mailboxes, events, stop.controller.signal);
    this.ended.catch(() => this.#wake());
  }

  async until(what: string, count = 1): Promise<void> {
    while (this.heard.filter((entry) => entry === what).length < count) {
      await Promise.race([
        this.ended.then(() => Promise.reject(new Error(`ended; heard ${this.heard}`))),
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      ]);
    }
  }
}

function settings(connections = 4): ImapSettings {
  return {
    account: 'personal',
    host: '127.0.0.1',
    port: server.port,
    tls: 'none',
    trust: USUAL_TRUST,
    proxy: null,
    user: 'alice',
    login: { kind: 'password', ask: async () => PASSWORD },
    engine: 'wire',
    compress: false,
    connections,
    silenceTimeout: 10_000,
    connectTimeout: 5000,
  };
}

describe('a watched mailbox', () => {
  test('tells of new mail, of flags and of deletions, and changes nothing on the server', async () => {
    await start();
    put(server.store('alice'), 'INBOX', 3);
    const ear = new Ear(['INBOX']);
    await ear.until('watching INBOX');
    put(server.store('alice'), 'INBOX', 1);
    await ear.until('arrived INBOX');
    server.store('alice').inbox.setFlags([1], 'add', ['\\Seen']);
    await ear.until('changed INBOX');
    server.store('alice').inbox.expunge([2]);
    await ear.until('changed INBOX', 2);
    stop.controller.abort();
    expect(await ear.ended).toBe('stopped');
    const names = new Set(server.log.names);
    for (const name of ['SELECT', 'STORE', 'UID STORE', 'EXPUNGE', 'APPEND'])
      expect(names).not.toContain(name);
    expect(names).toContain('EXAMINE');
  });

  test('is heard on through many renewals', async () => {
    await start();
    const ear = new Ear(['INBOX'], { renewMs: 30, answerMs: 10_000 });
    const idles = () => server.log.names.filter((name) => name === 'IDLE').length;
    await ear.until('watching INBOX');
    for (let round = 1; round <= 3; round++) {
      const before = idles();
      await expect.poll(idles, { timeout: 10_000 }).toBeGreaterThan(before);
      put(server.store('alice'), 'INBOX', 1);
      await ear.until('arrived INBOX', round);
    }
    expect(server.stats.connectionsOpen).toBe(1);
  });

  test('leaves nothing behind with each renewal: a connection may hold for years', async () => {
    await start();
    const ear = new Ear(['INBOX'], { renewMs: 1, answerMs: 10_000 });
    const idles = () => server.log.names.filter((name) => name === 'IDLE').length;
    await ear.until('watching INBOX');
    const renewed = (times: number) => expect.poll(idles, { timeout: 20_000 }).toBeGreaterThan(times);
    await renewed(50);
    const [renewals, before] = [idles(), queryObjects(Promise, { format: 'count' })];
    await renewed(renewals + 300);
    expect(queryObjects(Promise, { format: 'count' }) - before).toBeLessThan(100);
  });

  test('that falls silent counts as lost soon after the answer was due', async () => {
    await start();
    const fault = server.faults.add({ command: 'NOOP' }, stall());
    const startedAt = performance.now();
    const ear = new Ear(['INBOX']);
    await expect(ear.ended).rejects.toThrow(AccountError);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    fault.release();
  });

  test('is lost with its connection, and named so', async () => {
    await start();
    const ear = new Ear(['INBOX']);
    await ear.until('watching INBOX');
    server.disconnectAll();
    await expect(ear.ended).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('has its own connection, and all of them end with the first that is lost', async () => {
    await start();
    put(server.store('alice'), 'Work', 1);
    const ear = new Ear(['INBOX', 'Work']);
    await Promise.all([ear.until('watching INBOX')]);
    await ear.until('watching Work');
    expect(server.stats.connectionsOpen).toBe(2);
    server.store('alice').delete('Work');
    await expect(ear.ended).rejects.toMatchObject({ code: 'unreachable' });
    await expect.poll(() => server.stats.connectionsOpen).toBe(0);
  });

  test.each([
    ['/', ''],
    ['.', 'INBOX.'],
  ])('is found by the name that the config has (separator %s, prefix "%s")', async (separator, prefix) => {
    await start({ separator, prefix });
    const wireName = `${prefix}${encodeModifiedUtf7('Büro')}${separator}Old`;
    put(server.store('alice'), wireName, 1);
    const ear = new Ear(['Büro/Old']);
    await ear.until('watching Büro/Old');
    put(server.store('alice'), wireName, 1);
    await ear.until('arrived Büro/Old');
  });

  test('is found where names travel as UTF-8', async () => {
    await start({ utf8: true });
    for (const name of ['一月', 'Ārzemes']) put(server.store('alice'), encodeModifiedUtf7(name), 1);
    const ear = new Ear(['Ārzemes', '一月']);
    await ear.until('watching Ārzemes');
    await ear.until('watching 一月');
  });
});

describe('what can not be watched', () => {
  test('for want of connections is said, and the others are heard', async () => {
    await start();
    for (const name of ['A', 'B', 'C']) put(server.store('alice'), name, 1);
    const ear = new Ear(['A', 'B', 'C'], TIMING, 3);
    await ear.until('watching A');
    await ear.until('watching B');
    await ear.until('refused C');
    expect(server.stats.connectionsOpen).toBe(2);
    put(server.store('alice'), 'B', 1);
    await ear.until('arrived B');
  });

  test("with one connection in all is everything: that one is the sync's", async () => {
    await start();
    const ear = new Ear(['INBOX'], TIMING, 1);
    expect(await ear.ended).toBe('unsupported');
    expect(ear.heard).toEqual(['refused INBOX']);
    expect(server.stats.connectionsTotal).toBe(0);
  });

  test('for want of IDLE is said at once, without an error', async () => {
    await start({ capabilities: ['IMAP4rev1', 'AUTH=PLAIN'] });
    const ear = new Ear(['INBOX']);
    expect(await ear.ended).toBe('unsupported');
    expect(ear.heard).toEqual(['refused INBOX']);
    await expect.poll(() => server.stats.connectionsOpen).toBe(0);
  });

  test('because there is no such mailbox leaves the others alone', async () => {
    await start();
    const ear = new Ear(['Nowhere', 'INBOX']);
    await ear.until('refused Nowhere');
    await ear.until('watching INBOX');
    put(server.store('alice'), 'INBOX', 1);
    await ear.until('arrived INBOX');
  });

  test.each(['EXAMINE', 'IDLE'])(
    'because the server refuses %s is no reason to try again and again',
    async (command) => {
      await start();
      server.faults.add({ command }, refuse('NO', 'not for you'));
      const ear = new Ear(['INBOX']);
      expect(await ear.ended).toBe('unsupported');
      expect(ear.heard).toContain('refused INBOX');
      expect(server.log.names.filter((name) => name === command)).toHaveLength(1);
    },
  );
});
