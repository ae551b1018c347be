// Runs that follow a new UIDVALIDITY and don't come to their end: what was recognised is not there twice for longer than
// it must be, and none of it counts as lost.

import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import { dropBefore, refuse } from '../support/imap-server/fault-actions.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const COUNT = 120;
/** Every UID that INBOX begins with. */
const ALL = Array.from({ length: COUNT }, (_, at) => at + 1);
const OPENING = /^(EXAMINE|SELECT)$/;

class HalfWay {
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly backup = new Backup();
  readonly #engine: Engine;

  private constructor(server: ImapServer, engine: Engine) {
    this.server = server;
    this.store = server.store('alice');
    this.#engine = engine;
  }

  /** INBOX with mail, and a mailbox beside it; both are archived. */
  static async start(engine: Engine): Promise<HalfWay> {
    const play = new HalfWay(await ImapServer.start({ users: { alice: 'pass' } }), engine);
    play.store.create('Other');
    play.put('INBOX', COUNT, 3);
    play.put('Other', 2, 4);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: COUNT + 2 });
    return play;
  }

  put(name: string, count: number, seed: number): void {
    for (const { body, internalDate } of makeMessages({ seed, count, medianBytes: 400 }))
      this.store.mailbox(name).append({ body, internalDate: { seconds: internalDate, zone: 0 } });
  }

  /** Something is new in the mailbox, and it can't be opened. */
  closeOther(): void {
    this.put('Other', 1, 5);
    this.server.faults.add({ command: OPENING, mailbox: 'Other' }, refuse('NO', 'Not today'));
  }

  sync() {
    return this.backup.sync(settingsFor({ port: this.server.port, password: 'pass' }, 'alice', this.#engine));
  }

  /** UIDs of INBOX's files in mail/, from whatever generation; throws where two files have one. */
  uids(): number[] {
    return [...this.backup.archive().get('INBOX')!.keys()].sort((a, b) => a - b);
  }

  async expectWhole(): Promise<void> {
    this.server.faults.clear();
    expect(await this.sync()).toMatchObject({ status: 'ok', hold: false, failed: 0 });
    expect(this.backup.lines()).toEqual(filled(serverLines(storeState(this.store))));
    expect(await this.backup.findings()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
    await this.server.close();
  }
}

describe.each(ENGINES)('a new UIDVALIDITY in a run that does not come to its end (%s)', (engine) => {
  test('messages that were recognised have one name where another mailbox is closed', async () => {
    await using play = await HalfWay.start(engine);
    play.store.inbox.expunge([1, 2]);
    play.store.inbox.bumpUidValidity();
    play.closeOther();
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'incomplete', adopted: COUNT - 2, moved: COUNT - 2, removed: 0 });
    // What is not there any more has not left the archive: nobody has seen everything.
    expect(play.uids()).toEqual(ALL);
    expect(await play.backup.findings()).toEqual([]);
    await play.expectWhole();
    expect(play.backup.archive('removed').get('INBOX')!.size).toBe(2);
  });

  test('and where the account is put on hold', async () => {
    await using play = await HalfWay.start(engine);
    play.store.inbox.expunge(play.store.inbox.uids.slice(0, COUNT - 10));
    play.store.inbox.bumpUidValidity();
    const held = { status: 'incomplete', hold: true, adopted: 10, moved: 10, removed: 0 };
    expect(await play.sync()).toMatchObject(held);
    expect(play.uids()).toEqual(ALL);
    expect(await play.sync()).toMatchObject({ status: 'incomplete', hold: true, moved: 0, removed: 0 });
    expect(play.uids()).toEqual(ALL);
    expect(await play.backup.findings()).toEqual([]);
  });

  test('two new ones in a row are no loss', async () => {
    await using play = await HalfWay.start(engine);
    play.closeOther();
    for (const _ of [1, 2]) {
      play.store.inbox.bumpUidValidity({ renumber: true });
      const report = await play.sync();
      expect(report).toMatchObject({ status: 'incomplete', hold: false, added: 0, adopted: COUNT });
      expect(play.uids()).toHaveLength(COUNT);
    }
    await play.expectWhole();
    expect(play.backup.archive('removed').get('INBOX')).toBe(undefined);
  });

  test('what was listed and never fetched is no loss either', async () => {
    await using play = await HalfWay.start(engine);
    play.put('INBOX', 4 * COUNT, 6);
    play.server.faults.add({ command: 'UID FETCH', text: /BODY/ }, dropBefore('fin'));
    expect(await play.sync()).toMatchObject({ status: 'failed', added: 0 });
    play.store.inbox.expunge(play.store.inbox.uids.slice(COUNT));
    await play.expectWhole();
  });
});
