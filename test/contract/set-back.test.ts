// A server that was set up again from a copy gives out anew the UIDs of what came after the copy. Where it has grown
// again to where it was before anybody looked, neither UIDVALIDITY nor UIDNEXT nor the count tells of it.

import { describe, expect, test } from 'vitest';
import type { Tier } from '../support/imap-server/server-context.js';
import { ENGINES } from '../support/mailkeep.js';
import { Play } from './play.js';

const TIERS: readonly Tier[] = ['condstore', 'plain'];

describe.each(ENGINES)('a mailbox that went back to a copy and grew again (%s)', (engine) => {
  test.each(TIERS)('has all that is new fetched, and nothing twice (%s)', async (tier) => {
    await using play = await Play.start(engine, { tier });
    play.put('INBOX', 20, 1);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 20 });
    const { inbox } = play.store;
    inbox.expunge([18, 19, 20]);
    inbox.uidNext = 18;
    play.put('INBOX', 5, 2);
    expect(inbox.uidNext).toBe(23);
    const report = await play.sync();
    expect(report).toMatchObject({ status: 'ok', added: 5, adopted: 17, moved: 17, removed: 3 });
    play.expectSame();
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 0, adopted: 0, removed: 0 });
    expect(await play.backup.findings()).toEqual([]);
  });

  test.each(TIERS)('also where the last message had been deleted before (%s)', async (tier) => {
    await using play = await Play.start(engine, { tier });
    play.put('INBOX', 20, 1);
    await play.sync();
    const { inbox } = play.store;
    inbox.expunge([20]);
    expect(await play.sync()).toMatchObject({ status: 'ok', removed: 1 });
    inbox.expunge([17, 18, 19]);
    inbox.uidNext = 17;
    play.put('INBOX', 6, 2);
    expect(await play.sync()).toMatchObject({ status: 'ok', added: 6, adopted: 16, removed: 3 });
    play.expectSame();
  });
});
