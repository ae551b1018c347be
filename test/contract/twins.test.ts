// Adoption without the server's own identity: large messages that moved or were renumbered are recognised by what a
// probe sees of them, and whatever may be a twin is read whole.

import { describe, expect, test } from 'vitest';
import { serverLines, storeState } from '../support/archive.js';
import type { MailStore } from '../support/imap-server/mail-store.js';
import { ImapServer } from '../support/imap-server/server.js';
import { ENGINES } from '../support/mailkeep.js';
import { settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const LARGE = 400_000;
const COUNT = 8;

/** Of one size and one date, with nothing in common behind the header but its length. */
function message(subject: string, filling: string, size = LARGE): Buffer {
  const header = `Message-ID: <${subject}@example.org>\r\nSubject: ${subject}\r\n\r\n`;
  return Buffer.from(
    header + filling.repeat(Math.ceil(size / filling.length)).slice(0, size - header.length),
  );
}

/** Another octet at one place. */
function altered(body: Buffer, at: number): Buffer {
  const copy = Buffer.from(body);
  copy[at] = copy[at]! ^ 1;
  return copy;
}

class Play {
  readonly server: ImapServer;
  readonly store: MailStore;
  readonly backup = new Backup();
  readonly #engine: (typeof ENGINES)[number];

  private constructor(server: ImapServer, engine: (typeof ENGINES)[number]) {
    this.server = server;
    this.store = server.store('alice');
    this.#engine = engine;
  }

  static async start(engine: (typeof ENGINES)[number]): Promise<Play> {
    return new Play(await ImapServer.start({ users: { alice: 'pass' }, objectId: false }), engine);
  }

  sync() {
    return this.backup.sync(settingsFor({ port: this.server.port, password: 'pass' }, 'alice', this.#engine));
  }

  async expectSame(): Promise<void> {
    expect(this.backup.lines()).toEqual(filled(serverLines(storeState(this.store))));
    expect(await this.backup.findings()).toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backup[Symbol.asyncDispose]();
    await this.server.close();
  }
}

describe.each(ENGINES)('recognising large messages (%s)', (engine) => {
  const put = ({ store }: Play) => {
    for (let n = 0; n < COUNT; n++) store.inbox.append({ body: message(`number ${n}`, `line ${n}\r\n`) });
  };

  test('moves and a new UIDVALIDITY cost a small part of them', async () => {
    await using play = await Play.start(engine);
    put(play);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: COUNT });
    play.store.create('Archive');
    play.store.move('INBOX', play.store.inbox.uids, 'Archive');
    const moved = await play.sync();
    expect(moved).toMatchObject({ status: 'ok', added: 0, adopted: COUNT, moved: COUNT, removed: 0 });
    expect(moved.bytesDownloaded).toBeLessThan((COUNT * LARGE) / 10);
    await play.expectSame();
    play.store.mailbox('Archive').bumpUidValidity({ renumber: true });
    const renumbered = await play.sync();
    expect(renumbered).toMatchObject({ status: 'ok', added: 0, adopted: COUNT, moved: COUNT, removed: 0 });
    expect(renumbered.bytesDownloaded).toBeLessThan((COUNT * LARGE) / 10);
    await play.expectSame();
  });

  test('copies are linked, after they were read whole: nothing has left that would explain them', async () => {
    await using play = await Play.start(engine);
    put(play);
    await play.sync();
    play.store.create('Copies');
    play.store.copy('INBOX', play.store.inbox.uids, 'Copies');
    const copied = await play.sync();
    expect(copied).toMatchObject({ status: 'ok', added: 0, adopted: COUNT });
    expect(copied.bytesDownloaded).toBeGreaterThanOrEqual(COUNT * LARGE);
    await play.expectSame();
  });

  test.each([
    ['20 KB', 20_000],
    ['1 MB', 1_000_000],
  ])('twins of %s that differ in the middle are told apart, wherever the other one is', async (_, size) => {
    await using play = await Play.start(engine);
    const { inbox } = play.store;
    const bodies = ['copy', 'replaced'].map((name) => message(name, 'The same line again.\r\n', size));
    for (const body of bodies) inbox.append({ body });
    expect(await play.sync()).toMatchObject({ added: 2 });
    const [copy, replaced] = bodies.map((body) => altered(body, size / 2));
    // One is in another mailbox beside the first, the other one has taken the first one's place.
    play.store.create('Other').append({ body: copy! });
    inbox.expunge([2]);
    inbox.append({ body: replaced! });
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 2, adopted: 0, moved: 0, removed: 1 });
    await play.expectSame();
  });

  test('one message that left explains one that came, not its twin as well', async () => {
    await using play = await Play.start(engine);
    const body = message('two of one', 'The same line again.\r\n');
    play.store.inbox.append({ body });
    await play.sync();
    play.store.create('Other');
    play.store.move('INBOX', [1], 'Other');
    play.store.mailbox('Other').append({ body: altered(body, LARGE / 2) });
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 1, adopted: 1, moved: 1, removed: 0 });
    await play.expectSame();
  });

  test('a mailbox without UIDVALIDITY is not read whole in every run', async () => {
    await using play = await Play.start(engine);
    for (let n = 0; n < 50; n++)
      play.store.inbox.append({ body: message(`small ${n}`, `line ${n}\r\n`, 20_000) });
    await play.sync();
    play.store.inbox.bumpUidValidity();
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'ok', added: 0, adopted: 50, moved: 50 });
    // 20 KB are small, but nothing speaks for twins where every UID has lost its meaning.
    expect(report.bytesDownloaded).toBeLessThan(50 * 20_000);
    await play.expectSame();
  });
});
