// The contract that lets the memory reader stand for the wire: over the same mail both say the same.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Probe } from '../../src/core/ports/source.js';
import { connect } from '../../src/imap/connect.js';
import type { BodiesJob, MailboxReader, Visit, VisitResult } from '../../src/imap/reader.js';
import { WireReader } from '../../src/imap/wire-reader.js';
import { USUAL_TRUST } from '../../src/net/tls-trust.js';
import { ImapServer } from './imap-server/server.js';
import type { Tier } from './imap-server/server-context.js';
import { MemoryReader } from './memory-reader.js';
import { markedMessage } from './messages.js';

describe.each<Tier>(['qresync', 'condstore', 'plain'])('the memory reader of a %s server', (tier) => {
  let server: ImapServer;
  let wire: MailboxReader;
  let memory: MailboxReader;
  let modseq: string;
  const signal = new AbortController().signal;

  beforeAll(async () => {
    server = await ImapServer.start({ users: { user: 'secret' }, tier, objectId: tier !== 'plain' });
    const mail = server.store('user');
    const other = mail.create('Lists/&AOQ-pfel', { attributes: ['\\Archive'], subscribed: true });
    mail.create('Lists', { attributes: ['\\Noselect'] });
    for (let number = 1; number <= 9; number++) {
      mail.inbox.append({
        body: markedMessage(`number ${number}`),
        flags: ['\\Seen', 'Some', '$Forwarded'].slice(number % 4),
      });
      other.append({ body: `Subject: ${number}\r\n\r\n${'x'.repeat(number * 700)}` });
    }
    modseq = String(mail.inbox.highestModseq);
    mail.inbox.expunge([2, 5, 9]);
    mail.inbox.setFlags([3, 4], 'add', ['\\Flagged', 'Later']);
    mail.inbox.append({ body: markedMessage('number 10') });
    const client = await connect(
      {
        account: 'test',
        host: '127.0.0.1',
        port: server.port,
        tls: 'none',
        trust: USUAL_TRUST,
        proxy: null,
        user: 'user',
        login: { kind: 'password', ask: async () => 'secret' },
        engine: 'wire',
        compress: false,
        connections: 1,
        silenceTimeout: 10_000,
        connectTimeout: 10_000,
      },
      signal,
    );
    wire = new WireReader(client, { signal, silence: 10_000, cautious: false });
    memory = new MemoryReader({ mail, tier, objectId: tier !== 'plain' });
  });

  afterAll(async () => {
    await wire.close();
    await server.close();
  });

  const both = async <T>(ask: (reader: MailboxReader) => Promise<T>): Promise<void> => {
    expect(await ask(memory)).toEqual(await ask(wire));
  };

  test('lists the same mailboxes with the same status', async () => {
    await both(async (reader) =>
      (await reader.list()).map((mailbox) => ({
        ...mailbox,
        attributes: [...mailbox.attributes].filter(isTold).sort(),
      })),
    );
  });

  test('says the same of itself', async () => {
    await both(async ({ tier: own, prefix, utf8 }) => ({ own, prefix, utf8 }));
  });

  const everything = { first: 1, last: null, details: true, changedSince: null };
  const visits: (Omit<Visit, 'wireName' | 'path' | 'qresync' | 'arrivedFrom'> & { name: string })[] = [
    { name: 'everything', queries: [everything], roster: false },
    { name: 'a roster', queries: [everything], roster: true },
    { name: 'a part', queries: [{ ...everything, first: 2, last: 6, details: false }], roster: false },
    { name: 'news', queries: [{ ...everything, first: 10 }], roster: false },
    { name: 'no news', queries: [{ ...everything, first: 11 }], roster: false },
  ];

  test.each(visits)('shows the same of $name', async ({ queries, roster }) => {
    for (const wireName of ['INBOX', 'Lists/&AOQ-pfel'])
      await both(async (reader) =>
        told(
          await reader.visit({ wireName, path: wireName, qresync: null, queries, roster, arrivedFrom: null }),
        ),
      );
  });

  test.runIf(tier !== 'plain')('shows the same of changes', async () => {
    const queries = [{ first: 1, last: 9, details: false, changedSince: modseq }];
    await both(async (reader) =>
      told(
        await reader.visit({
          wireName: 'INBOX',
          path: 'INBOX',
          qresync: null,
          queries,
          roster: false,
          arrivedFrom: 10,
        }),
      ),
    );
  });

  test.runIf(tier === 'qresync')(
    'shows the same since a cursor, and to one of another UIDVALIDITY',
    async () => {
      for (const uidValidity of [String(server.store('user').inbox.uidValidity), '77']) {
        const qresync = { uidValidity, modseq, lastUid: 9 };
        const queries = [{ ...everything, first: 10 }];
        await both(async (reader) =>
          told(
            await reader.visit({
              wireName: 'INBOX',
              path: 'INBOX',
              qresync,
              queries,
              roster: false,
              arrivedFrom: 10,
            }),
          ),
        );
      }
    },
  );

  test('refuses what cannot be opened', async () => {
    for (const wireName of ['Lists', 'Nowhere'])
      await both(async (reader) =>
        reader
          .visit({
            wireName,
            path: wireName,
            qresync: null,
            queries: [everything],
            roster: false,
            arrivedFrom: null,
          })
          .then(
            () => 'opened',
            (error: unknown) => (error as Error).name,
          ),
      );
  });

  test('sends the same octets, and none of what is gone', async () => {
    for (const wireName of ['INBOX', 'Lists/&AOQ-pfel'])
      await both(async (reader) => {
        const bodies = new Map<number, string>();
        const result = await reader.bodies(jobOf(wireName), {
          begin: (uid, size) => {
            const chunks: Uint8Array[] = [];
            return {
              write: (chunk) => {
                chunks.push(Uint8Array.from(chunk));
              },
              end: () => {
                bodies.set(uid, `${size} ${Buffer.concat(chunks).toString('latin1')}`);
              },
              abort: () => undefined,
            };
          },
        });
        return { bodies, refused: result.refused };
      });
  });

  test('probes the same octets', async () => {
    const sizes = new Map([
      [1, 5],
      [3, 2200],
      [7, 5000],
    ]);
    for (const wireName of ['INBOX', 'Lists/&AOQ-pfel'])
      await both(async (reader) => {
        const probes = new Map<number, Probe>();
        await reader.probe(jobOf(wireName, [1, 3, 7]), sizes, [0.2, 0.6], (uid, { header, slices }) => {
          const plain = slices.map(({ offset, octets }) => ({ offset, octets: Uint8Array.from(octets) }));
          probes.set(uid, { header: Uint8Array.from(header), slices: plain });
        });
        return probes;
      });
  });

  function jobOf(wireName: string, uids: readonly number[] = [1, 2, 3, 8]): BodiesJob {
    const uidValidity = String(server.store('user').mailbox(wireName).uidValidity);
    return { wireName, path: wireName, uidValidity, uids, weight: 10_000, doubts: 'all' };
  }
});

/** Attributes that the program reads. */
function isTold(attribute: string): boolean {
  return /^\\(noselect|nonexistent|archive)$/i.test(attribute);
}

/** In an order that doesn't depend on how the answers were cut up. */
function told({ listing, vanished, roster, ...rest }: VisitResult) {
  const rows = Array.from({ length: listing.length }, (_, row) => listing.at(row));
  const uids = (set: VisitResult['roster']) =>
    set === null ? null : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].filter((uid) => set.has(uid));
  return {
    ...rest,
    rows: rows.sort((a, b) => a.uid - b.uid),
    vanished: uids(vanished),
    roster: uids(roster),
  };
}
