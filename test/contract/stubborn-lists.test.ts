// Servers that fall silent, lists that name a UID twice or none, and mailboxes that go away while they are read: every
// wait has an end, nothing is taken for gone, and the next good run is whole.

import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import { omitRow, pretendUid, repeatRow, stall, stallAfter } from '../support/imap-server/fault-actions.js';
import type { FaultAction, FaultMatch } from '../support/imap-server/faults.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import type { Tier } from '../support/imap-server/server-context.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const COUNT = 12;

class Play {
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly backup = new Backup();
  readonly #engine: Engine;

  private constructor(server: ImapServer, engine: Engine) {
    this.server = server;
    this.store = server.store('alice');
    this.#engine = engine;
  }

  static async start(engine: Engine, tier: Tier = 'condstore'): Promise<Play> {
    const play = new Play(await ImapServer.start({ users: { alice: 'pass' }, tier }), engine);
    for (const name of ['INBOX', 'Work']) play.put(name, COUNT, name.length);
    return play;
  }

  put(name: string, count: number, seed: number): void {
    const mailbox = this.store.find(name) ?? this.store.create(name);
    for (const { body } of makeMessages({ seed, count, medianBytes: 500 })) mailbox.append({ body });
  }

  /** Without patience a silent server costs a moment and not two minutes. */
  sync({ patience }: { readonly patience: number }) {
    return this.backup.sync({
      ...settingsFor({ port: this.server.port, password: 'pass' }, 'alice', this.#engine),
      silenceTimeout: patience,
      connectTimeout: patience,
    });
  }

  async expectWholeNow(): Promise<void> {
    this.server.faults.clear();
    expect(await this.sync({ patience: 20_000 })).toMatchObject({ status: 'ok', failures: [], removed: 0 });
    expect(this.backup.lines()).toEqual(filled(serverLines(storeState(this.store))));
    expect(await this.backup.findings()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
    await this.server.close();
  }
}

const BODIES = { command: 'UID FETCH', text: /BODY/ };
const LISTS = { command: 'UID FETCH', text: /INTERNALDATE/, mailbox: 'Work' };

const SILENCES: Readonly<Record<string, readonly [FaultMatch, FaultAction]>> = {
  'instead of a greeting': [{ command: 'GREETING' }, stall()],
  'at the sign-in': [{ command: /^(LOGIN|AUTHENTICATE)$/ }, stall()],
  'at ENABLE': [{ command: 'ENABLE' }, stall()],
  'at LIST': [{ command: 'LIST' }, stall()],
  'in the middle of LIST': [{ command: 'LIST' }, stallAfter(30)],
  'at EXAMINE': [{ command: /^(EXAMINE|SELECT)$/ }, stall()],
  'in the middle of a listing': [{ command: 'UID FETCH', text: /INTERNALDATE/ }, stallAfter(200)],
  'at bodies': [BODIES, stall()],
};

describe.each(ENGINES)('a server that falls silent (%s)', (engine) => {
  test.each(Object.entries(SILENCES))('%s: ends the run as out of reach', async (_, [match, action]) => {
    await using play = await Play.start(engine);
    const fault = play.server.faults.add(match, action);
    const report = await play.sync({ patience: 300 });
    expect(report.status).not.toBe('ok');
    if (report.error !== null) expect(report.error.code).toBe('unreachable');
    expect(fault.hits).toBeGreaterThan(0);
    await play.expectWholeNow();
  });

  test('in the middle of a body: costs nothing where it happens once', async () => {
    await using play = await Play.start(engine);
    play.server.faults.add({ ...BODIES, times: 1 }, stallAfter(1500));
    expect(await play.sync({ patience: 300 })).toMatchObject({
      status: 'ok',
      added: 2 * COUNT,
      failures: [],
    });
    await play.expectWholeNow();
  });
});

const WRONG_LISTS: Readonly<Record<string, FaultAction>> = {
  'UID 0': pretendUid(0),
  "the neighbour's UID": pretendUid(6),
  'a UID beyond UIDNEXT': pretendUid(4000),
  'no row': omitRow(),
};

describe.each(ENGINES)('a list with (%s)', (engine) => {
  test.each(Object.entries(WRONG_LISTS))('%s for a message is incomplete', async (_, action) => {
    await using play = await Play.start(engine);
    const fault = play.server.faults.add({ ...LISTS, uid: 5 }, action);
    const report = await play.sync({ patience: 20_000 });
    expect(report).toMatchObject({ status: 'incomplete', error: null, removed: 0 });
    expect(report.failures).toEqual([
      { mailbox: 'Work', uid: null, reason: expect.stringMatching(/12 messages but listed 11/) },
    ]);
    expect(fault.hits).toBeGreaterThan(0);
    await play.expectWholeNow();
  });

  test('a row twice is whole', async () => {
    await using play = await Play.start(engine);
    for (const uid of [1, 5, COUNT]) play.server.faults.add({ ...LISTS, uid }, repeatRow());
    expect(await play.sync({ patience: 20_000 })).toMatchObject({
      status: 'ok',
      added: 2 * COUNT,
      failures: [],
    });
    await play.expectWholeNow();
  });
});

describe.each(ENGINES)('a mailbox that goes away during the run (%s)', (engine) => {
  test.each([
    ['before it is opened', { command: /^(EXAMINE|SELECT)$/, mailbox: 'Work' }],
    ['before its bodies are fetched', { ...BODIES, mailbox: 'Work' }],
  ])('%s is named and stops no other', async (_, match) => {
    await using play = await Play.start(engine);
    play.server.faults.add(
      { ...match, times: 1 },
      {
        before: () => {
          play.store.delete('Work');
          return undefined;
        },
      },
    );
    const report = await play.sync({ patience: 20_000 });
    expect(report).toMatchObject({ status: 'incomplete', error: null });
    expect(new Set(report.failures.map(({ mailbox }) => mailbox))).toEqual(new Set(['Work']));
    play.server.faults.clear();
    expect(await play.sync({ patience: 20_000 })).toMatchObject({ status: 'ok', failures: [], hold: false });
    expect(play.backup.lines()).toEqual(filled(serverLines(storeState(play.store))));
    expect(await play.backup.findings()).toEqual([]);
  });
});

describe.each(ENGINES)('mailkeep introduces itself (%s)', (engine) => {
  test('with ID on every connection, and opens nothing for writing', async () => {
    await using play = await Play.start(engine);
    play.server.faults.add({ ...BODIES, times: 1 }, stallAfter(100));
    await play.sync({ patience: 300 });
    await play.expectWholeNow();
    const { commands } = play.server.log;
    const connections = new Set(
      commands
        .filter(({ name }) => name === 'LIST' || name === 'EXAMINE')
        .map(({ connection }) => connection),
    );
    expect(connections.size).toBeGreaterThanOrEqual(2);
    for (const connection of connections) {
      const ids = commands.filter((command) => command.connection === connection && command.name === 'ID');
      expect(ids.some(({ text }) => text.includes('mailkeep'))).toBe(true);
    }
    expect(commands.filter(({ name }) => /^(SELECT|(UID )?STORE|APPEND|CREATE|CLOSE)$/.test(name))).toEqual(
      [],
    );
  });
});
