import { describe, expect, test } from 'vitest';
import type { BodyReceiver, FetchRequest, ServerCleaner, Source } from '../../src/core/ports/source.js';
import type { SyncIndex } from '../../src/core/ports/sync-index.js';
import { counted, SyncBudget } from '../../src/jobs/rate-limit.js';

const REQUEST: FetchRequest = { mailbox: 'INBOX', uidValidity: '1', uids: [] } as never;
const CLEANER: ServerCleaner = {
  listed: new Set([7]),
  remove: async () => {
    throw new Error('nobody asked for this');
  },
};

/** A source like POP3: it derives the dates of its messages and may delete what is stored. */
const source = {
  tier: 'plain',
  cleaner: CLEANER,
  fetch: async (requests: readonly FetchRequest[], receiver: BodyReceiver) => {
    for (const request of requests) {
      const sink = receiver.begin(request, 7, 3, 1_700_000_000);
      await sink.write(Buffer.from('abc'));
      await sink.end();
    }
  },
} as unknown as Source;

function budget(): { budget: SyncBudget; kept: string[] } {
  const kept: string[] = [];
  const index = { spent: () => null, recordSpent: (text: string) => kept.push(text) };
  const limit = { bytes: 1000, perMs: 60_000 };
  return { budget: new SyncBudget(limit, index as unknown as SyncIndex, () => 5000), kept };
}

describe('a source whose octets are counted', () => {
  test('tells the receiver everything that the source told, the derived date too', async () => {
    const { budget: one, kept } = budget();
    const told: unknown[] = [];
    await counted(source, one).fetch([REQUEST], {
      begin: (...args) => {
        told.push(args);
        return { write: () => {}, end: () => {}, abort: () => {} };
      },
      failed: () => {},
      mailboxFailed: () => {},
    });
    expect(told).toEqual([[REQUEST, 7, 3, 1_700_000_000]]);
    expect(kept).toEqual(['[{"at":5000,"bytes":3}]']);
  });

  test('can still be asked to delete what is stored', () => {
    expect(counted(source, budget().budget).cleaner).toBe(CLEANER);
  });
});
