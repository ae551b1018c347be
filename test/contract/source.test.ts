// One contract for the Source port, held against every server and both engines: whatever answers, jobs see the same.

import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MailboxError } from '../../src/core/errors.js';
import { displayPath } from '../../src/core/mailbox/mailbox-path.js';
import type { Observation, Source } from '../../src/core/ports/source.js';
import { planSync } from '../../src/core/sync/plan-sync.js';
import { ENGINES } from '../support/mailkeep.js';
import { makeMessages, markedMessage } from '../support/messages.js';
import { encodeModifiedUtf7 } from '../support/modified-utf7.js';
import {
  BACKENDS,
  type Backend,
  COURIER,
  CYRUS,
  openSource,
  settingsFor,
  startRecordingLink,
} from './backends.js';
import {
  baseOf,
  fetchBodies,
  find,
  flagsOf,
  follow,
  NEVER,
  observe,
  observeAll,
  probeAll,
  requestOf,
  rowsOf,
} from './drive-source.js';

const sha256 = (octets: Uint8Array) => createHash('sha256').update(octets).digest('hex');

const NAMES: readonly (readonly string[])[] = [
  ['日本語'],
  ['R&D'],
  ['100% sicher'],
  ['Mit Leerzeichen  und mehr'],
  ['Büro', 'Ablage', '2019'],
  ['Emoji 😀', 'x'],
];

const ODD_BODIES: Readonly<Record<string, Buffer>> = {
  'eight bits': Buffer.concat([
    Buffer.from('Subject: gr\xfc\xdfe\r\n\r\n', 'latin1'),
    Buffer.from(Array.from({ length: 255 }, (_, at) => at + 1).filter((octet) => ![10, 13].includes(octet))),
    Buffer.from('\r\n'),
  ]),
  'nothing after the header': Buffer.from('Subject: nothing follows\r\n\r\n'),
  'five megabytes': Buffer.concat([
    Buffer.from('Subject: large\r\n\r\n'),
    Buffer.from('0123456789abcdef'.repeat(4).concat('\r\n').repeat(80_000)),
  ]),
  'lines that look like IMAP': Buffer.from(
    'Subject: x\r\n\r\n* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\na OK\r\n',
  ),
  'no end of line': Buffer.from('Subject: x\r\n\r\nno end of line'),
};

let users = 0;

for (const kind of BACKENDS) {
  kind.describe(`a source on ${kind.name}`, () => {
    const logins = Array.from({ length: 2 * 20 }, (_, at) => `user${at}`);
    let server: Backend;
    beforeAll(async () => {
      users = 0;
      server = await kind.start(logins);
    });
    afterAll(() => server?.stop());

    const path = (...parts: string[]) =>
      parts.length === 1 && parts[0] === 'INBOX' ? 'INBOX' : kind.prefix + parts.join(kind.separator);

    describe.each(ENGINES)('%s', (engine) => {
      const open: Source[] = [];
      afterEach(async () => {
        for (const source of open.splice(0)) await source.close();
      });
      const nextUser = () => {
        users += 1;
        return logins[users - 1]!;
      };
      const sourceFor = async (user: string, port = server.port) => {
        const source = await openSource(settingsFor({ port, password: server.password }, user, engine));
        open.push(source);
        return source;
      };

      test('says what the server can tell about changes', async () => {
        expect((await sourceFor(nextUser())).tier).toBe(kind.tier);
      });

      test('lists every mailbox under its path, without the prefix of the namespace', async () => {
        const user = nextUser();
        const client = await server.client(user);
        const names = NAMES.filter((parts) => kind.refuses?.test(parts.join('/')) !== true);
        for (const parts of names) await client.mailboxCreate([...parts]);
        const source = await sourceFor(user);
        const polled = (await source.poll(new Map())).filter((mailbox) => mailbox.selectable);
        const paths = polled.map((mailbox) => displayPath(mailbox.path));
        expect(paths).toEqual(expect.arrayContaining(['INBOX', ...names.map((parts) => parts.join('/'))]));
        expect(new Set(paths).size).toBe(paths.length);
        const state = await server.state(user);
        expect(paths.length).toBe(state.size);
        for (const mailbox of polled) expect(mailbox.path.components.every(({ exact }) => exact)).toBe(true);
        // Each can be opened by the name that was listed.
        const seen = await observeAll(source, polled);
        expect(seen.filter((outcome) => outcome instanceof Error)).toEqual([]);
      });

      test('sees a mailbox for the first time whole, and follows everything that happens to it', async () => {
        const user = nextUser();
        const name = path('Follow me');
        await server.putMessages(user, name, makeMessages({ seed: 5, count: 40, medianBytes: 600 }));
        const source = await sourceFor(user);
        const truth = async () => (await server.state(user)).get(name)!;
        const at = await find(source, 'Follow me');

        const first = await observe(source, at.wireName, NEVER);
        expect([first.exists, first.sameIdSpace, first.incomplete]).toEqual([40, false, null]);
        expect(first.roster?.size).toBe(40);
        const state = await truth();
        expect(first.uidValidity).toBe(String(state.uidValidity));
        for (const row of rowsOf(first)) {
          expect(row.size).toBeGreaterThan(0);
          expect(row.receivedAt).toBe(state.messages.get(row.uid)!.internalDate);
          expect(row.emailId !== null).toBe(kind.identity);
        }
        let view = follow(NEVER, first);
        expect(view.flags).toEqual(flagsOf(state));

        const again = await find(source, 'Follow me', view);
        expect(again.changed).toBe(kind.tier === 'plain');
        const nothing = await observe(source, at.wireName, view);
        expect(planSync(baseOf(view), nothing)).toMatchObject({ appeared: [], reflagged: [], vanished: [] });
        expect(nothing.sameIdSpace).toBe(true);
        view = follow(view, nothing);

        // A run has a connection of its own: Dovecot answers STATUS for an open mailbox as it was opened.
        const step = async (): Promise<Observation> => {
          const next = await sourceFor(user);
          expect((await find(next, 'Follow me', view)).changed).toBe(true);
          const observation = await observe(next, at.wireName, view);
          expect(observation.incomplete).toBeNull();
          expect(observation.sameIdSpace).toBe(true);
          view = follow(view, observation);
          expect(view.flags).toEqual(flagsOf(await truth()));
          return observation;
        };

        await server.putMessages(user, name, makeMessages({ seed: 6, count: 3, medianBytes: 600 }));
        const news = await step();
        const added = rowsOf(news).filter((row) => row.uid > 40);
        expect(added.map((row) => row.uid)).toEqual([41, 42, 43]);
        expect(added.every((row) => row.size > 0 && row.receivedAt !== null)).toBe(true);

        const client = await server.client(user);
        await client.mailboxOpen(name);
        await client.messageFlagsAdd('3:5', ['\\Flagged', '\\Answered'], { uid: true });
        await client.messageFlagsSet('6', [], { uid: true });
        const reflagged = await step();
        if (kind.tier !== 'plain') expect(reflagged.listing.length).toBeLessThan(10);

        await client.messageFlagsAdd('7:9', ['Work', '$Forwarded', '$MDNSent'], { uid: true });
        await step();

        await client.messageDelete('1,10:12,43', { uid: true });
        const expunged = await step();
        if (kind.tier === 'qresync') expect(expunged.roster).toBeNull();
        else expect(expunged.roster?.size).toBe(38);
        if (kind.tier === 'qresync') {
          for (const uid of [1, 10, 11, 12, 43]) expect(expunged.vanished?.has(uid)).toBe(true);
          expect(expunged.vanished?.has(2)).toBe(false);
        }

        // Everything in one go, the new message gone again before anybody saw it.
        await server.putMessages(user, name, makeMessages({ seed: 7, count: 3, medianBytes: 600 }));
        await client.noop();
        await client.messageFlagsAdd('20', ['\\Flagged'], { uid: true });
        await client.messageDelete('2,45', { uid: true });
        await step();

        const full = await observe(await sourceFor(user), at.wireName, view, true);
        expect(planSync(baseOf(view), full)).toMatchObject({ appeared: [], reflagged: [], vanished: [] });
        expect(full.roster?.size).toBe(view.flags.size);
        await client.messageDelete('1:*', { uid: true });
        await step();
        expect(view.flags.size).toBe(0);
      });

      test('notices that a mailbox is another one under the same name', async () => {
        const user = nextUser();
        const name = path('Reborn');
        await server.putMessages(user, name, makeMessages({ seed: 8, count: 5, medianBytes: 300 }));
        const source = await sourceFor(user);
        const { wireName } = await find(source, 'Reborn');
        const first = await observe(source, wireName, NEVER);
        const client = await server.client(user);
        // Some servers take the second of its creation for UIDVALIDITY.
        await expect
          .poll(
            async () => {
              await client.mailboxDelete(name);
              await client.mailboxCreate(name);
              const status = await client.status(name, { uidValidity: true });
              return status === false ? null : status.uidValidity?.toString();
            },
            { timeout: 5000 },
          )
          .not.toBe(first.uidValidity);
        await server.putMessages(user, name, makeMessages({ seed: 9, count: 7, medianBytes: 300 }));
        const second = await observe(source, wireName, follow(NEVER, first));
        expect([second.sameIdSpace, second.exists, second.incomplete]).toEqual([false, 7, null]);
        expect(second.roster?.size).toBe(7);
        expect(rowsOf(second).every((row) => row.size > 0 && row.receivedAt !== null)).toBe(true);
        expect(follow(NEVER, second).flags).toEqual(flagsOf((await server.state(user)).get(name)!));

        // What was listed under the old number is not fetched under the new one.
        const received = await fetchBodies(source, requestOf(wireName, first));
        expect(received.bodies.size).toBe(0);
        expect(received.mailboxFailed).toHaveLength(1);
      });

      test('delivers bodies octet by octet as the server sends them, and changes no flag', async () => {
        const user = nextUser();
        const name = path('Bodies');
        const bodies = Object.values(ODD_BODIES);
        const lf = kind.name.startsWith('Dovecot') ? [markedMessage('bare LF', '\n')] : [];
        await server.putMessages(
          user,
          name,
          [...bodies, ...lf].map((body, at) => ({ body, internalDate: 1_234_567_890 + at })),
        );
        await server.putMessages(user, name, makeMessages({ seed: 10, count: 60, medianBytes: 2000 }));
        const link = await startRecordingLink(server.port);
        try {
          const before = (await server.state(user)).get(name)!;
          const source = await sourceFor(user, link.port);
          const { wireName } = await find(source, 'Bodies');
          const observation = await observe(source, wireName, NEVER);
          const request = requestOf(wireName, observation);
          const { bodies: received, failed, mailboxFailed } = await fetchBodies(source, request);
          expect([failed, mailboxFailed]).toEqual([[], []]);
          expect([...received.keys()].sort((a, b) => a - b)).toEqual([...before.messages.keys()]);
          for (const [uid, octets] of received)
            expect([uid, sha256(octets)]).toEqual([uid, before.messages.get(uid)!.sha256]);
          // Cyrus rewrites 8-bit headers when mail comes in, Courier ends the last line.
          const verbatim = kind !== CYRUS && kind !== COURIER;
          bodies.forEach((body, at) => {
            if (verbatim) expect(received.get(at + 1)!.equals(body), Object.keys(ODD_BODIES)[at]).toBe(true);
          });

          const probes = await probeAll(source, request);
          expect(probes.size).toBe(received.size);
          for (const [uid, { header, slices }] of probes) {
            const body = received.get(uid)!;
            expect(body.subarray(0, header.length).equals(header)).toBe(true);
            expect(header.subarray(-4).toString()).toBe('\r\n\r\n');
            for (const { offset, octets } of slices)
              expect(body.subarray(offset, offset + octets.length).equals(octets)).toBe(true);
            expect(slices[0]!.octets.length).toBe(Math.min(1024, body.length - header.length));
            const last = slices[1]!;
            expect(last.offset + last.octets.length).toBe(body.length);
          }

          expect((await server.state(user)).get(name)).toEqual(before);
          const commands = link.said().replace(/\{\d+\+?\}\r\n[^\r\n]*/g, '');
          expect(commands).toMatch(/ EXAMINE /);
          expect(commands).toMatch(/BODY\.PEEK\[\]/);
          expect(commands).not.toMatch(
            /^\S+ (?:UID )?(?:SELECT|STORE|COPY|MOVE|EXPUNGE|APPEND|CREATE|DELETE|RENAME|SUBSCRIBE|CLOSE)\b/im,
          );
          expect(commands).not.toMatch(/\b(?:BODY\[|RFC822[ )])/i);
        } finally {
          await link.close();
        }
      });

      test('a mailbox deleted between list and visit is an error of that mailbox alone', async () => {
        const user = nextUser();
        for (const name of ['Doomed', 'Kept'])
          await server.putMessages(user, path(name), makeMessages({ seed: 11, count: 3, medianBytes: 300 }));
        const source = await sourceFor(user);
        const polled = (await source.poll(new Map())).filter((mailbox) => mailbox.selectable);
        const doomed = polled.find((mailbox) => displayPath(mailbox.path) === 'Doomed')!;
        const first = await observe(source, doomed.wireName, NEVER);
        const client = await server.client(user);
        await client.mailboxDelete(path('Doomed'));
        const outcomes = await observeAll(source, polled);
        polled.forEach((mailbox, at) => {
          const outcome = outcomes[at]!;
          if (mailbox === doomed) expect(outcome).toBeInstanceOf(MailboxError);
          else expect(outcome).toMatchObject({ incomplete: null });
        });

        const kept = polled.find((mailbox) => displayPath(mailbox.path) === 'Kept')!;
        const whole = await observe(source, kept.wireName, NEVER);
        const lost = await fetchBodies(
          source,
          requestOf(doomed.wireName, first),
          requestOf(kept.wireName, whole),
        );
        expect(lost.mailboxFailed).toHaveLength(1);
        expect(lost.bodies.size).toBe(3);
        expect((await probeAll(source, requestOf(doomed.wireName, first))).size).toBe(0);
      });

      test('a message that went away meanwhile fails alone', async () => {
        const user = nextUser();
        await server.putMessages(user, 'INBOX', makeMessages({ seed: 12, count: 6, medianBytes: 300 }));
        const source = await sourceFor(user);
        const { wireName } = await find(source, 'INBOX');
        const observation = await observe(source, wireName, NEVER);
        const client = await server.client(user);
        await client.mailboxOpen('INBOX');
        await client.messageDelete('3', { uid: true });
        const { bodies, failed, mailboxFailed } = await fetchBodies(source, requestOf(wireName, observation));
        // Cyrus and Courier still have it for a session that saw it.
        const gone = bodies.has(3) ? [] : [3];
        expect([...bodies.keys(), ...gone].sort()).toEqual([1, 2, 3, 4, 5, 6]);
        expect(failed.map(({ uid }) => uid)).toEqual(gone);
        expect(mailboxFailed).toEqual([]);
      });

      test('an empty account is empty, not an error', async () => {
        const source = await sourceFor(nextUser());
        const { wireName, selectable } = await find(source, 'INBOX');
        expect([wireName, selectable]).toEqual(['INBOX', true]);
        const observation = await observe(source, wireName, NEVER);
        expect([observation.exists, observation.roster?.size, observation.incomplete]).toEqual([0, 0, null]);
        const view = follow(NEVER, observation);
        const again = await observe(source, wireName, view);
        expect([again.sameIdSpace, again.exists, again.listing.length]).toEqual([true, 0, 0]);
      });

      test('names that are encoded keep their octets', async () => {
        const user = nextUser();
        const client = await server.client(user);
        await client.mailboxCreate(['日本語']);
        const utf8 = client.enabled.has('UTF8=ACCEPT');
        const { wireName } = await find(await sourceFor(user), '日本語');
        const own =
          kind.prefix + (utf8 ? Buffer.from('日本語').toString('latin1') : encodeModifiedUtf7('日本語'));
        expect(wireName).toBe(own);
      });
    });
  });
}
