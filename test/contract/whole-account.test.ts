// A whole account on Cyrus and on Courier: the archive equals the server, and moves, renames and a new UIDVALIDITY of
// 1,000 messages are recognised and not downloaded again.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SyncReport } from '../../src/core/report.js';
import { type Lines, serverLines } from '../support/archive.js';
import { ENGINES, type Engine } from '../support/mailkeep.js';
import { makeMessages } from '../support/messages.js';
import { type Backend, COURIER, CYRUS, settingsFor } from './backends.js';
import { Backup, filled } from './backup.js';

const COUNT = 1000;

for (const kind of [CYRUS, COURIER]) {
  kind.describe(`a whole account on ${kind.name}`, () => {
    let server: Backend;
    beforeAll(async () => {
      server = await kind.start([...ENGINES]);
    });
    afterAll(() => server?.stop());

    const at = (...parts: string[]) => `${kind.prefix}${parts.join(kind.separator)}`;
    const onServer = async (user: string): Promise<Lines> => {
      const lines = filled(serverLines(await server.state(user)));
      return Object.fromEntries(
        Object.entries(lines)
          .map(([path, messages]) => [folderOf(path), messages] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    };
    const folderOf = (path: string) =>
      path.startsWith(kind.prefix) ? path.slice(kind.prefix.length).replaceAll(kind.separator, '/') : path;

    /** The run ends well, with the archive equal to the server. */
    const follow = async (backup: Backup, engine: Engine, expected: Partial<SyncReport>) => {
      const report = await backup.sync(settingsFor(server, engine, engine));
      const zero = { added: 0, adopted: 0, moved: 0, flagsChanged: 0, removed: 0, failed: 0, hold: false };
      expect(report).toMatchObject({ status: 'ok', error: null, failures: [], ...zero, ...expected });
      expect(report.tier).toBe(kind.tier);
      expect(backup.lines()).toEqual(await onServer(engine));
      return report;
    };

    test.each(ENGINES)(
      'is followed through everything that happens to it (%s)',
      async (engine) => {
        await using backup = new Backup();
        await server.putMessages(
          engine,
          at('Projekte'),
          makeMessages({ seed: 1, count: COUNT, medianBytes: 900 }),
        );
        await server.putMessages(engine, 'INBOX', makeMessages({ seed: 2, count: 60, medianBytes: 900 }));
        await server.putMessages(engine, at('日本語', 'R&D'), makeMessages({ seed: 3, count: 20 }));
        await follow(backup, engine, { added: COUNT + 80 });
        await follow(backup, engine, { mailboxesChanged: 0, bytesDownloaded: 0 });

        const client = await server.client(engine);
        await client.mailboxOpen('INBOX');
        await client.messageFlagsAdd('1:5', ['\\Flagged'], { uid: true });
        await client.messageFlagsAdd('6:8', ['Wichtig', '$Label1'], { uid: true });
        await client.messageDelete('20:24', { uid: true });
        await server.putMessages(engine, 'INBOX', makeMessages({ seed: 4, count: 4, medianBytes: 900 }));
        const changed = await backup.sync(settingsFor(server, engine, engine));
        expect(changed).toMatchObject({ status: 'ok', added: 4, removed: 5, adopted: 0 });
        expect(changed.flagsChanged).toBeGreaterThanOrEqual(3);
        expect(backup.lines()).toEqual(await onServer(engine));
        await follow(backup, engine, {});

        // A thousand messages move ...
        const inbox = (await server.state(engine)).get('INBOX')!.messages.size;
        await client.mailboxCreate(at('Archiv'));
        await client.mailboxOpen(at('Projekte'));
        await client.messageMove('1:*', at('Archiv'), { uid: true });
        await follow(backup, engine, { adopted: COUNT, moved: COUNT });
        // ... get another name (and with it another UIDVALIDITY on Courier, elsewhere the mailbox is known by it) ...
        await client.mailboxClose();
        await client.mailboxRename(at('Archiv'), at('Ablage', 'Alt'));
        const renumbered = kind === COURIER ? COUNT : 0;
        await follow(backup, engine, { adopted: renumbered, moved: renumbered });
        // ... and go through a mailbox that is made anew under its old name.
        await client.mailboxCreate(at('Zwischen'));
        await client.mailboxOpen(at('Ablage', 'Alt'));
        await client.messageMove('1:*', at('Zwischen'), { uid: true });
        await client.mailboxClose();
        const before = (await server.state(engine)).get(at('Ablage', 'Alt'))!.uidValidity;
        await expect
          .poll(
            async () => {
              await client.mailboxDelete(at('Ablage', 'Alt'));
              await client.mailboxCreate(at('Ablage', 'Alt'));
              return (await server.state(engine)).get(at('Ablage', 'Alt'))!.uidValidity;
            },
            { timeout: 10_000, interval: 300 },
          )
          .not.toBe(before);
        await client.mailboxOpen(at('Zwischen'));
        await client.messageMove('1:*', at('Ablage', 'Alt'), { uid: true });
        await follow(backup, engine, { adopted: COUNT, moved: COUNT });

        await client.mailboxClose();
        await client.mailboxDelete(at('日本語', 'R&D'));
        await follow(backup, engine, { removed: 20 });
        expect(inbox + COUNT).toBe([...backup.archive().values()].reduce((sum, { size }) => sum + size, 0));
        expect(await backup.findings()).toEqual([]);
      },
      180_000,
    );
  });
}
